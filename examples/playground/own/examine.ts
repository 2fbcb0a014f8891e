import { isolatedWorker } from '../ui/isolatedWorker.js';
import type { Finding } from './messages.js';
import url from './worker.ts?worker&url';

const SECONDS = 5;
const SECONDS_TO_LOAD = 60;

/**
 * Examines a variant in a worker of its own. If that gives no answer for five seconds, it is ended.
 *
 * @param onFinding - Called with each finding; `done` or `failed` is the last.
 * @returns Ends the worker.
 */
export function examine(source: string, onFinding: (finding: Finding) => void): () => void {
  const worker = isolatedWorker(url);
  let timer: number | undefined;
  const end = (): void => {
    clearTimeout(timer);
    worker.terminate();
  };
  const fail = (message: string): void => {
    end();
    onFinding({ type: 'failed', message });
  };
  const wait = (seconds: number, message: string): void => {
    clearTimeout(timer);
    timer = window.setTimeout(fail, seconds * 1000, message);
  };
  worker.addEventListener('message', ({ data }: MessageEvent<Finding>) => {
    if (data.type === 'ready') worker.postMessage(source);
    if (data.type === 'done' || data.type === 'failed') end();
    else wait(SECONDS, `Stopped: the loss gave no answer for ${SECONDS} seconds. Does it loop without end?`);
    onFinding(data);
  });
  worker.addEventListener('error', ({ message }) => {
    fail(message || 'The worker that runs the loss could not be started.');
  });
  wait(SECONDS_TO_LOAD, `The worker that runs the loss did not load in ${SECONDS_TO_LOAD} seconds.`);
  return end;
}
