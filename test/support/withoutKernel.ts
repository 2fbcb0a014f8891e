import * as tf from '@tensorflow/tfjs-core';

/** Returns whether the active backend lacks a kernel, and the reason with which to skip a test. */
export function withoutKernel(kernel: string, what: string): [boolean, string] {
  const backend = tf.getBackend();
  const names = tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);
  return [!names.includes(kernel), `${backend} has no kernel ${kernel}, ${what}`];
}
