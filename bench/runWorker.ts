import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { softwareGpu } from '../tools/software-gpu.js';
import type { BackendResult } from './results.js';
import type { Answer, Job } from './worker.js';

/** Measures one backend in a child process; where that is impossible, the result says why. */
export async function runBackend(job: Job): Promise<BackendResult> {
  const answer = await ask(job);
  if ('result' in answer) return answer.result;
  if ('missing' in answer && job.backend === 'webgpu') return onSoftwareGpu(job, answer.missing);
  return { backend: job.backend, skipped: 'missing' in answer ? answer.missing : answer.failed };
}

/** Where there is no GPU, a Vulkan driver that runs on the CPU stands in: memory means something there, time less. */
async function onSoftwareGpu(job: Job, missing: string): Promise<BackendResult> {
  const software = await softwareGpu();
  if (!software) return { backend: job.backend, skipped: `${missing}, and no software driver for this platform` };
  const answer = await ask(job, software.env);
  if ('result' in answer) return answer.result;
  return { backend: job.backend, skipped: 'missing' in answer ? `${answer.missing}, not even a software one` : answer.failed };
}

function ask(job: Job, env: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const worker = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), {
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
