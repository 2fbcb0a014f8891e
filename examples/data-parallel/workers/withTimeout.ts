import { Worker } from 'node:worker_threads';
import type { Workers } from './workers.js';

// MPI blocks the event loop, so a thread keeps the time. The counter is odd during an exchange; every change of it wakes the thread.
const WATCH = `
const { writeSync } = require('node:fs');
const { counter, seconds, rank } = require('node:worker_threads').workerData;
for (;;) {
  const seen = Atomics.load(counter, 0);
  const isExchange = seen % 2 === 1;
  if (Atomics.wait(counter, 0, seen, isExchange ? 1000 * seconds : Infinity) !== 'timed-out') continue;
  writeSync(2, 'worker ' + rank + ': the other workers did not answer within ' + seconds + ' s\\n');
  process.kill(process.pid, 'SIGKILL'); // nothing softer reaches a process that waits in native code
}`;

/**
 * Workers that end this process if an exchange takes longer than `seconds`. MPI notices a process that has died, but waits without end for a
 * host that has lost its power or its network.
 *
 * @param seconds - More than the longest time between two exchanges, as one worker may wait for the work of another.
 */
export function withTimeout(workers: Workers, seconds: number): Workers {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  new Worker(WATCH, { eval: true, workerData: { counter, seconds, rank: workers.rank } }).unref();
  const change = (): void => {
    Atomics.add(counter, 0, 1);
    Atomics.notify(counter, 0);
  };
  const timed = async <Result>(exchange: () => Promise<Result>): Promise<Result> => {
    change();
    try {
      return await exchange();
    } finally {
      change();
    }
  };
  return {
    ...workers,
    sum: (values) => timed(() => workers.sum(values)),
    max: (values) => timed(() => workers.max(values)),
    gather: (bytes) => timed(() => workers.gather(bytes)),
    close: () => timed(() => workers.close()),
  };
}
