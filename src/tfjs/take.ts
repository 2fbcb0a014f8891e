import * as tf from '@tensorflow/tfjs-core';
import { isSynchronous } from './synchronous.js';

type T = tf.Tensor;

/** Rows of a tensor by index. The gradient of `tf.gather` needs UnsortedSegmentSum, which wasm lacks and cpu has in O(rows) per index. */
export function take(x: T, indices: T): T {
  if (x.dtype !== 'float32') return gatherRows(x, indices);
  return tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([indices]);
    return {
      value: gatherRows(input as T, indices),
      gradFunc: (dy: T, [saved]: T[]) => scatterRows(dy, saved!, x.shape),
    };
  })(x);
}

/**
 * An index out of range is an error where tfjs can see it. On webgpu it would give 0, on webgl whatever lies there, and the
 * gradient would go to another row: here both become NaN, and integers the smallest one, which is no label.
 */
export function gatherRows(x: T, indices: T): T {
  if (isSynchronous()) return tf.gather(x, indices);
  const rows = x.shape[0];
  return poisonOutside(tf.gather(x, tf.clipByValue(indices, 0, rows - 1)), indices, rows);
}

function scatterRows(dy: T, indices: T, shape: number[]): T {
  const column = (at: T) => tf.reshape(at, [-1, 1]);
  if (isSynchronous()) return tf.scatterND(column(indices), dy, shape);
  const rows = shape[0]!;
  return tf.scatterND(column(tf.clipByValue(indices, 0, rows - 1)), poisonOutside(dy, indices, rows), shape);
}

function poisonOutside(y: T, indices: T, rows: number): T {
  const inside = tf.logicalAnd(tf.greaterEqual(indices, 0), tf.less(indices, rows));
  const poison = tf.fill([], y.dtype === 'float32' ? NaN : y.dtype === 'int32' ? -(2 ** 31) : 0, y.dtype);
  return tf.where(tf.reshape(inside, [-1, ...y.shape.slice(1).map(() => 1)]), y, poison);
}
