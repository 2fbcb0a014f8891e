/**
 * Runs one study on one backend in a separate process, so that it starts with clean memory and with the environment that a
 * Vulkan driver needs before the process starts. `main.ts` starts it and sends the job.
 */
import * as tf from '@tensorflow/tfjs-core';
import { benchArrays } from './arrays.js';
import { benchDivergences } from './divergences.js';
import { benchGrowth } from './growth.js';
import { benchHeads } from './heads.js';
import { benchLinear } from './linear.js';
import { benchLosses } from './losses.js';
import { benchSteps } from './steps.js';
import { meterStorage } from './memory.js';
import type { StudyName } from './options.js';
import type { StudyRows } from './results.js';
import type { Setup } from './setup.js';
import { BackendMissing, startBackend, type Adapter } from './startBackend.js';

const STUDIES: { readonly [Name in StudyName]: (setup: Setup) => Promise<StudyRows[Name]> } = {
  heads: benchHeads,
  linear: benchLinear,
  steps: benchSteps,
  divergences: benchDivergences,
  losses: benchLosses,
  growth: benchGrowth,
  arrays: benchArrays,
  // Loaded here alone, because the engine of jax-js that it registers would slow the others down.
  jax: async (setup) => (await import('./jax.js')).benchJax(setup),
};

/** The job sent by the parent process. */
export interface Job extends Omit<Setup, 'meter'> {
  readonly study: StudyName;
}

/** The worker's one answer. */
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
    // An open GPU device would keep the process alive.
    process.send!(said, undefined, undefined, () => process.exit(0));
  });
});
