/** Starts the workers of main.ts on this machine: `npm run data-parallel -- --workers 2 --loss kto`. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { run } from '../shared/usageError.js';
import { HELP, parseOptions } from './options.js';
import { findMpi } from './setup.js';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

await run((args) => {
  const options = parseOptions(args); // a typing error is found here, before anything is installed or started
  if (options) launch(options.workers ?? 2, args);
  else console.log(HELP);
  return Promise.resolve();
});

function launch(workers: number, args: readonly string[]): void {
  const { mpirun, library } = findMpi();
  // Otherwise, native TensorFlow takes all cores in every worker.
  const threads = String(Math.max(1, Math.floor(availableParallelism() / workers)));
  const env = { TF_NUM_INTRAOP_THREADS: threads, TF_NUM_INTEROP_THREADS: threads, ...process.env, LIBMPI: library };
  const job = spawn(mpirun, ['-n', String(workers), process.execPath, '--import', 'tsx', MAIN, ...args], { env, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => job.kill(signal));
  job.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}
