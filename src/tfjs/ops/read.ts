import * as tf from '@tensorflow/tfjs-core';
import { readFromDevice } from '../device.js';

/** The values of several tensors as float32, each in row-major order, read back with one transfer. */
export async function read(xs: readonly tf.Tensor[]): Promise<Float32Array[]> {
  return readFromDevice('read', () => readJoined(xs));
}

async function readJoined(xs: readonly tf.Tensor[]): Promise<Float32Array[]> {
  const joined = tf.tidy(() => tf.concat(xs.map((x) => tf.cast(tf.reshape(x, [-1]), 'float32'))));
  try {
    const found = (await joined.data()) as Float32Array | [];
    // The concatenation of no values is a plain list.
    const values = Array.isArray(found) ? new Float32Array() : found;
    let end = 0;
    return xs.map((x) => values.subarray(end, (end += x.size)));
  } finally {
    joined.dispose();
  }
}
