import { fileURLToPath } from 'node:url';
import { softwareGpu } from '../tools/software-gpu.js';
import { forkWorker } from './forkWorker.js';
import type { Skipped } from './results.js';
import type { Answer, Job } from './worker.js';

type Env = Readonly<Record<string, string>>;
type Rows = Extract<Answer, { readonly rows: unknown }>;

/** Runs a study on a backend in a child process; returns the reason if that is impossible. */
export async function runStudy(job: Job): Promise<Rows | Skipped> {
  // TensorFlow reads these when it starts. The other engines have one thread, or the driver's.
  const env: Env = job.backend === 'tfjs-node' ? { TF_NUM_INTRAOP_THREADS: `${job.threads}`, TF_CPP_MIN_LOG_LEVEL: '2' } : {};
  const answer = await ask(job, env);
  if ('rows' in answer) return answer;
  if ('missing' in answer && job.backend === 'webgpu') return onSoftwareGpu(job, answer.missing);
  return { skipped: 'missing' in answer ? answer.missing : answer.failed };
}

/** Without a GPU, runs on a Vulkan driver for the CPU: its memory is meaningful, its times less so. */
async function onSoftwareGpu(job: Job, missing: string): Promise<Rows | Skipped> {
  const software = await softwareGpu();
  if (!software) return { skipped: `${missing}, and no software driver for this platform` };
  const answer = await ask(job, software.env);
  if ('rows' in answer) return answer;
  return { skipped: 'missing' in answer ? `${answer.missing}, not even a software one` : answer.failed };
}

const ask = (job: Job, env: Env): Promise<Answer> => forkWorker<Answer>(fileURLToPath(new URL('worker.ts', import.meta.url)), job, env);
