/**
 * Runs one study on one backend in a process of its own, so that it begins with clean memory, and with the environment that
 * a Vulkan driver must find before the process starts. `main.ts` starts it and tells it what to measure.
 */
import * as tf from '@tensorflow/tfjs-core';
import { benchGrowth } from './growth.js';
import { benchHeads } from './heads.js';
import { benchLinear } from './linear.js';
import { benchLosses } from './losses.js';
import { meterStorage } from './memory.js';
import type { StudyName } from './options.js';
import type { StudyRows } from './results.js';
import type { Setup } from './setup.js';
import { BackendMissing, startBackend, type Adapter } from './startBackend.js';

const STUDIES: { readonly [Name in StudyName]: (setup: Setup) => Promise<StudyRows[Name]> } = {
  heads: benchHeads,
  linear: benchLinear,
  losses: benchLosses,
  growth: benchGrowth,
};

/** What the parent process asks for. */
export interface Job extends Omit<Setup, 'meter'> {
  readonly study: StudyName;
}

/** What the worker answers, once. */
export type Answer =
  { readonly rows: StudyRows[StudyName]; readonly adapter?: Adapter } | { readonly missing: string } | { readonly failed: string };

async function measure({ study, ...job }: Job): Promise<Answer> {
  const adapter = await startBackend(job.backend);
  const meter = meterStorage(job.backend, tf.backend());
  const rows = await STUDIES[study]({ ...job, meter });
  return { rows, ...(adapter !== undefined && { adapter }) };
}

async function answer(job: Job): Promise<Answer> {
  try {
    return await measure(job);
  } catch (error) {
    return error instanceof BackendMissing
      ? { missing: error.message }
      : { failed: error instanceof Error ? error.message : String(error) };
  }
}

process.once('message', (job: Job) => {
  void answer(job).then((said) => {
    // A GPU device would keep the process alive.
    process.send!(said, undefined, undefined, () => process.exit(0));
  });
});
