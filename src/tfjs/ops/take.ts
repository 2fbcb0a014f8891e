import * as tf from '@tensorflow/tfjs-core';
import { NO_LABEL } from '../../internal/labels.js';
import { isSynchronous } from '../synchronous.js';
import { withoutSlope } from './withoutSlope.js';

type T = tf.Tensor;

/**
 * Rows of a tensor by index, with a gradient on every backend. The gradient of `tf.gather` needs UnsortedSegmentSum, which wasm lacks and
 * which on cpu takes O(rows) per index.
 */
export function take(x: T, indices: T): T {
  // Without indices, tfjs throws on webgpu, and gives a value on wasm.
  if (indices.size === 0) return withoutSlope(x, () => tf.zeros([0, ...x.shape.slice(1)], x.dtype));
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
 * Rows of a tensor by index. On synchronous backends, tfjs throws for an index out of range. On webgpu the row would be 0, on webgl it
 * would be arbitrary, and its gradient would go to another row. Here the row becomes NaN (`NO_LABEL` for integers, 0 for bools), and so
 * does the gradient of the nearest row.
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

/** `y` with NaN (`NO_LABEL` for integers, 0 for bools) in the rows whose index is out of range. */
function spoilOutOfRange(y: T, indices: T, rows: number): T {
  const isInRange = tf.logicalAnd(tf.greaterEqual(indices, 0), tf.less(indices, rows));
  const spoilt = tf.fill([], y.dtype === 'float32' ? NaN : y.dtype === 'int32' ? NO_LABEL : 0, y.dtype);
  return tf.where(tf.reshape(isInRange, [-1, ...y.shape.slice(1).map(() => 1)]), y, spoilt);
}
