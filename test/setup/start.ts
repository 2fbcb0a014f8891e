import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect } from 'vitest';

interface WebgpuDevice {
  pushErrorScope(filter: 'validation'): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
}

/** Starts a tfjs backend, and has every test clean up after itself and look for errors that WebGPU only logs. */
export async function start(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend did not start`);
  await tf.ready();
  const device = (tf.backend() as unknown as { device?: WebgpuDevice }).device;
  beforeEach(() => {
    tf.engine().startScope();
    device?.pushErrorScope('validation');
  });
  afterEach(async () => {
    tf.engine().endScope();
    const error = await device?.popErrorScope();
    expect(error?.message).toBeUndefined();
  });
}
