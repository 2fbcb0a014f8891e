import { fork } from 'node:child_process';

/** Runs a script of this folder in a child process, sends it a job and waits for its one answer. */
export function forkWorker<Answer extends object>(
  script: string,
  job: object,
  env: Readonly<Record<string, string>>,
): Promise<Answer | { readonly failed: string }> {
  return new Promise((resolve) => {
    const worker = fork(script, {
      execArgv: ['--import', 'tsx', '--expose-gc'],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let complaints = '';
    worker.stderr!.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    worker.once('message', (answer: Answer) => {
      resolve(answer);
    });
    worker.once('error', (error) => {
      resolve({ failed: error.message });
    });
    worker.once('close', (code, signal) => {
      const last = complaints.trim().split('\n').at(-1) ?? '';
      resolve({ failed: `the process ended with ${signal ?? `code ${code ?? 'unknown'}`}${last && `: ${last}`}` });
    });
    worker.send(job);
  });
}
