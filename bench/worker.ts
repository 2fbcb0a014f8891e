/**
 * Measures one backend in a process of its own, so that it begins with clean memory, and with the environment that a
 * Vulkan driver must find before the process starts. `main.ts` starts it and tells it what to measure.
 */
import * as tf from '@tensorflow/tfjs-core';
import { benchHead, IGNORED_SHARES, SHAPES } from './head.js';
import { BATCHES, benchDpo } from './loss.js';
import { meterStorage } from './memory.js';
import type { BackendName } from './options.js';
import type { BackendResult, HeadRow, LossRow } from './results.js';
import { BackendMissing, startBackend } from './startBackend.js';

/** What the parent process asks for. */
export interface Job {
  readonly backend: BackendName;
  readonly repeats: number;
  readonly quick: boolean;
}

/** What the worker answers, once. */
export type Answer = { readonly result: BackendResult } | { readonly missing: string } | { readonly failed: string };

async function measure({ backend, repeats, quick }: Job): Promise<BackendResult> {
  const adapter = await startBackend(backend);
  const meter = meterStorage(backend, tf.backend());
  const head: HeadRow[] = [];
  for (const shape of quick ? SHAPES.slice(0, 1) : SHAPES) {
    for (const ignored of IGNORED_SHARES) head.push(await benchHead(shape, ignored, repeats, meter));
  }
  const loss: LossRow[] = [];
  // On a GPU, so few numbers only measure the queue.
  if (backend !== 'webgpu') for (const batch of BATCHES) loss.push(await benchDpo(batch, repeats));
  return { backend, ...(adapter !== undefined && { adapter }), head, loss };
}

async function answer(job: Job): Promise<Answer> {
  try {
    return { result: await measure(job) };
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
