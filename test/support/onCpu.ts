import * as tf from '@tensorflow/tfjs-core';

/** Runs `f` on tfjs's cpu backend, the oracle of the other backends. `f` returns values, not tensors. */
export async function onCpu<R>(f: () => Promise<R>): Promise<R> {
  const backend = tf.getBackend();
  await tf.setBackend('cpu');
  try {
    return await f();
  } finally {
    await tf.setBackend(backend);
  }
}
