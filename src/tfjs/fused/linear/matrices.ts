import * as tf from '@tensorflow/tfjs-core';

type T = tf.Tensor;

const onWasm = (): boolean => tf.getBackend() === 'wasm';

// On wasm, tf.matMul with a transpose flag is an order of magnitude slower than a transposition followed by a plain product.
/** `a b^T` */
export const timesTransposed = (a: T, b: T): T => (onWasm() ? tf.matMul(a, tf.transpose(b)) : tf.matMul(a, b, false, true));

/** `a^T b` */
export const transposedTimes = (a: T, b: T): T => (onWasm() ? tf.matMul(tf.transpose(a), b) : tf.matMul(a, b, true, false));

/** `[N]` as `[N, 1]`. */
export const column = (x: T): T => tf.expandDims(x, -1);

/** The value of each row `[N, C]` at the given column, integers `[N]`; result `[N]`. */
export function pickFromRows(x: T, columns: T): T {
  const [size, width] = x.shape as [number, number];
  const starts = tf.mul(tf.range(0, size, 1, 'int32'), tf.scalar(width, 'int32'));
  return tf.gather(tf.reshape(x, [-1]), tf.add(starts, columns));
}
