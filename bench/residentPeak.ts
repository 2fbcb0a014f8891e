import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BackendName } from './options.js';
import { HAS_RESIDENT_PEAK } from './residentMemory.js';
import type { ResidentJob } from './residentWorker.js';
import type { Shape, WorkloadName } from './workloads.js';

const WORKER = fileURLToPath(new URL('residentWorker.ts', import.meta.url));

/**
 * Peak resident memory of a fresh process during one run of our route, in bytes beyond the memory with the logits in place. It
 * includes every allocation of the engine and its operations. Undefined if it cannot be measured, as on a GPU.
 */
export async function residentPeak(backend: BackendName, workload: WorkloadName, shape: Shape): Promise<number | undefined> {
  if (!HAS_RESIDENT_PEAK || backend === 'webgpu') return undefined;
  const job: ResidentJob = { backend, workload, shape };
  const args = ['--import', 'tsx', '--expose-gc', WORKER, JSON.stringify(job)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as number;
}
