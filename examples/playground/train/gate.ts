/** Ends a run that its user has reset. */
export class Stopped extends Error {}

type GateState = 'open' | 'open once' | 'closed' | 'stopped';

/** A gate between the updates of a run. */
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

  /** Lets whoever waits, or comes next, pass; then the gate is closed. */
  openOnce(): void {
    this.#set('open once');
  }

  /** Makes whoever waits, or comes later, throw {@link Stopped}. */
  stop(): void {
    this.#set('stopped');
  }

  /** Waits until the gate is open. */
  async pass(): Promise<void> {
    while (this.#state === 'closed') await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#state === 'stopped') throw new Stopped();
    if (this.#state === 'open once') this.#state = 'closed';
  }

  #set(state: GateState): void {
    this.#state = state;
    if (state !== 'closed') this.#wake();
  }
}

/** Resolves in the next task of the event loop, so that messages arrive before. A timer would wait for 4 ms. */
export const nextTask = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
