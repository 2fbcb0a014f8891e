/** Ends a run that its user has reset. */
export class Stopped extends Error {}

type GateState = 'open' | 'closed' | 'stopped';

/** A gate between the updates of a run: open, closed, or open for one update. */
export class Gate {
  #state: GateState = 'open';
  #wake: () => void = () => undefined;

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  open(): void {
    this.#set('open');
  }

  close(): void {
    this.#set('closed');
  }

  /** Lets whoever waits pass once; the gate stays closed behind it. */
  step(): void {
    this.#set('closed');
    this.#wake();
  }

  /** Makes whoever waits, or comes later, throw {@link Stopped}. */
  stop(): void {
    this.#set('stopped');
  }

  /** Waits for a task of the event loop, in which messages arrive, and until the gate is open. Nothing runs meanwhile. */
  async pass(): Promise<void> {
    await nextTask();
    if (this.#state === 'closed') await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#state === 'stopped') throw new Stopped();
  }

  #set(state: GateState): void {
    this.#state = state;
    if (state !== 'closed') this.#wake();
  }
}

/** Resolves in the next task. A timer would wait for 4 ms. */
const nextTask = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
