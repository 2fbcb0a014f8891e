import * as tf from '@tensorflow/tfjs-core';

/** Whether the engine under test is without a kernel, and the reason to skip that this is. */
export function withoutKernel(kernel: string, what: string): [boolean, string] {
  const backend = tf.getBackend();
  const names = tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);
  return [!names.includes(kernel), `${backend} has no kernel ${kernel}, ${what}`];
}
