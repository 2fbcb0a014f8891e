import * as tf from '@tensorflow/tfjs-core';

type T = tf.Tensor;

/**
 * Running sum along the last axis. On WebGPU, tfjs's own gradient is wrong: its reversed sum compiles the length of the rows into a shader
 * that it then uses for every length. Here, the rows themselves are reversed.
 */
export const cumsum = (x: T): T =>
  tf.customGrad((input) => ({ value: running(input as T), gradFunc: (dy: T) => reversed(running(reversed(dy))) }))(x);

// With a negative axis, tf.cumsum on cpu gives a tensor without values.
const running = (x: T): T => tf.cumsum(x, x.rank - 1);

const reversed = (x: T): T => tf.reverse(x, x.rank - 1);
