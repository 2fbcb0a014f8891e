import * as tf from '@tensorflow/tfjs-core';
import { NO_LABEL } from '../../internal/labels.js';
import { isSynchronous } from '../synchronous.js';

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
 * gradient would go to another row: here both become NaN, and integers become `NO_LABEL`.
 */
export function gatherRows(x: T, indices: T): T {
  if (isSynchronous()) return tf.gather(x, indices);
  const [rows] = x.shape as [number];
  return spoilOutOfRange(tf.gather(x, tf.clipByValue(indices, 0, rows - 1)), indices, rows);
}

function scatterRows(dy: T, indices: T, shape: number[]): T {
  const column = (x: T) => tf.reshape(x, [-1, 1]);
  if (isSynchronous()) return tf.scatterND(column(indices), dy, shape);
  const [rows] = shape as [number];
  return tf.scatterND(column(tf.clipByValue(indices, 0, rows - 1)), spoilOutOfRange(dy, indices, rows), shape);
}

/** `y`, with NaN or its like in the rows whose index is out of range. */
function spoilOutOfRange(y: T, indices: T, rows: number): T {
  const isInRange = tf.logicalAnd(tf.greaterEqual(indices, 0), tf.less(indices, rows));
  const spoilt = tf.fill([], y.dtype === 'float32' ? NaN : y.dtype === 'int32' ? NO_LABEL : 0, y.dtype);
  return tf.where(tf.reshape(isInRange, [-1, ...y.shape.slice(1).map(() => 1)]), y, spoilt);
}
