import * as tf from '@tensorflow/tfjs-core';
import type { WeightLayout } from '../../../backend/types.js';

type T = tf.Tensor;

const onWasm = (): boolean => tf.getBackend() === 'wasm';

// On wasm, tf.matMul with a transpose flag is an order of magnitude slower than a transposition followed by a plain product.
/** `a b^T` */
const timesTransposed = (a: T, b: T): T => (onWasm() ? tf.matMul(a, tf.transpose(b)) : tf.matMul(a, b, false, true));

/** `a^T b` */
const transposedTimes = (a: T, b: T): T => (onWasm() ? tf.matMul(tf.transpose(a), b) : tf.matMul(a, b, true, false));

/** The logits `[N, C]` of hidden states `[N, D]`, by a part of the output embedding: `[C, D]` or `[D, C]`. */
export const productsOf = (hidden: T, part: T, layout: WeightLayout): T =>
  layout === 'vocabularyByHidden' ? timesTransposed(hidden, part) : tf.matMul(hidden, part);

/** The sum over a chunk of each number of `x`, `[N, C]`, times its token's embedding: `[N, D]`. */
export const mixtureOf = (x: T, part: T, layout: WeightLayout): T =>
  layout === 'vocabularyByHidden' ? tf.matMul(x, part) : timesTransposed(x, part);

/** Gradient of a part of the output embedding, in its layout, from the gradient of the products `[N, C]`. */
export const partGradient = (gradient: T, hidden: T, layout: WeightLayout): T =>
  layout === 'vocabularyByHidden' ? transposedTimes(gradient, hidden) : transposedTimes(hidden, gradient);

/** `[N]` as `[N, 1]`. */
export const column = (x: T): T => tf.expandDims(x, -1);

/** The value of each row `[N, C]` at the given column, integers `[N]`; result `[N]`. */
export function pickFromRows(x: T, columns: T): T {
  const [size, width] = x.shape as [number, number];
  const starts = tf.mul(tf.range(0, size, 1, 'int32'), tf.scalar(width, 'int32'));
  return tf.gather(tf.reshape(x, [-1]), tf.add(starts, columns));
}
