import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect } from 'vitest';

// Each filter catches a different class of errors.
const FILTERS = ['validation', 'out-of-memory', 'internal'] as const;

/** The members of tfjs's WebGPU backend that are used. */
interface Webgpu {
  readonly device: {
    pushErrorScope(filter: (typeof FILTERS)[number]): void;
    popErrorScope(): Promise<{ readonly message: string } | null>;
  };
  readonly commandEncoder: object | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** Starts a tfjs backend. After every test, frees its tensors and fails it on errors that WebGPU would only log. */
export async function start(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend did not start`);
  await tf.ready();
  const webgpu = backend === 'webgpu' ? (tf.backend() as unknown as Webgpu) : undefined;
  beforeEach(() => {
    tf.engine().startScope();
    for (const filter of FILTERS) webgpu?.device.pushErrorScope(filter);
  });
  afterEach(async () => {
    tf.engine().endScope();
    if (!webgpu) return;
    // Commands whose results were never read are still in the queue; submit them, so that their errors show.
    if (webgpu.commandEncoder) {
      webgpu.endComputePassEncoder();
      webgpu.submitQueue();
    }
    const errors = await Promise.all(FILTERS.map(() => webgpu.device.popErrorScope()));
    expect(errors.flatMap((error) => (error ? [error.message] : []))).toEqual([]);
  });
}
