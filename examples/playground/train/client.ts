import { signal } from '@preact/signals';
import { batch } from '../state.js';
import { isolatedWorker } from '../ui/isolatedWorker.js';
import type { Command, Report, RunOptions } from './protocol.js';
import { afterReport, IDLE, type RunState } from './runState.js';
import url from './worker.ts?worker&url';

/** How long a loss of the user may take for an update, and the worker for a reset, before the worker is ended. In milliseconds. */
const PATIENCE = { update: 15_000, reset: 3_000 };

/** The state of the run. */
export const run = signal<RunState>(IDLE);

let worker: Worker | undefined;
let deadline: ReturnType<typeof setTimeout> | undefined;

/** Starts a new run, in place of the current one. */
export function start(options: RunOptions): void {
  run.value = { ...IDLE, status: 'starting', options };
  batch.value = undefined;
  send({ type: 'start', options });
}

/** Sends a command for the current run. */
export function send(command: Command): void {
  worker ??= startWorker();
  worker.postMessage(command);
  if (command.type === 'reset') {
    expectReport(PATIENCE.reset, () => {
      end();
      run.value = IDLE;
    });
  }
}

function startWorker(): Worker {
  const made = isolatedWorker(url);
  made.onmessage = ({ data }: MessageEvent<Report>) => {
    receive(data);
  };
  made.onerror = (event) => {
    end();
    fail(event.message || 'The worker could not be started.');
  };
  return made;
}

function receive(report: Report): void {
  clearTimeout(deadline);
  run.value = report.type === 'status' && report.status === 'idle' ? IDLE : afterReport(run.value, report);
  const { status, options } = run.value;
  if (report.type === 'batch' && report.pairs) {
    const name = typeof options!.loss === 'string' ? options!.loss : 'your loss';
    batch.value = { source: `update ${report.step} of ${name}`, ...report.pairs };
  }
  if (status === 'running' && typeof options!.loss === 'object') {
    expectReport(PATIENCE.update, () => {
      end();
      fail(`Stopped: the loss has not returned for ${PATIENCE.update / 1000} seconds. Does it loop without end?`);
    });
  }
}

/** Does something if no report comes in time. */
function expectReport(milliseconds: number, otherwise: () => void): void {
  clearTimeout(deadline);
  deadline = setTimeout(otherwise, milliseconds);
}

/** Ends the worker, even if it is in an endless loop. */
function end(): void {
  clearTimeout(deadline);
  worker?.terminate();
  worker = undefined;
}

function fail(message: string): void {
  run.value = afterReport(run.value, { type: 'failed', message, isLost: false });
}
