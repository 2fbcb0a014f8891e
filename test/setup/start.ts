import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect } from 'vitest';

// Each of them tells of errors of its own.
const FILTERS = ['validation', 'out-of-memory', 'internal'] as const;

/** What this uses of tfjs's WebGPU backend. */
interface Webgpu {
  readonly device: {
    pushErrorScope(filter: (typeof FILTERS)[number]): void;
    popErrorScope(): Promise<{ readonly message: string } | null>;
  };
  readonly commandEncoder: object | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** Starts a tfjs backend, and has every test clean up after itself and look for errors that WebGPU only logs. */
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
    // What the test has not read yet waits in the queue, and its errors with it.
    if (webgpu.commandEncoder) {
      webgpu.endComputePassEncoder();
      webgpu.submitQueue();
    }
    const errors = await Promise.all(FILTERS.map(() => webgpu.device.popErrorScope()));
    expect(errors.flatMap((error) => (error ? [error.message] : []))).toEqual([]);
  });
}
