import type { Command } from './protocol.js';
import { Run, type Surroundings } from './run.js';

/**
 * One model at a time that learns: the program of the worker, without the worker. Commands that start or end a run take effect one after
 * the other.
 */
export class Session {
  #run: Run | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly surroundings: Surroundings) {}

  /** Carries out a command. Resolves when a run that it starts has ended, whatever the reason. */
  async handle(command: Command): Promise<void> {
    switch (command.type) {
      case 'start': {
        const run = new Run(this.surroundings, command.options);
        return this.#replace(run, () => run.go(command.options.backend));
      }
      case 'recover': {
        const run = this.#run;
        if (!run) throw new Error('recover: there is no run, expected one that failed');
        return this.#replace(run, () => run.recover(command));
      }
      case 'reset':
        return this.#replace(undefined, () => {
          this.surroundings.report({ type: 'status', status: 'idle' });
        });
      default:
        this.#run?.[command.type]();
    }
  }

  /** Ends the current run if `next` is another one, and frees its tensors. Then does what follows. */
  #replace(next: Run | undefined, then: () => void | Promise<void>): Promise<void> {
    const last = this.#run === next ? undefined : this.#run;
    last?.stop();
    this.#run = next;
    this.#ended = this.#ended.then(() => {
      last?.dispose();
      return then();
    });
    return this.#ended;
  }
}
