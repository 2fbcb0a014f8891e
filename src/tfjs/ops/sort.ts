import * as tf from '@tensorflow/tfjs-core';
import { untaped } from '../tape.js';
import { numeric } from './dtypes.js';
import { take } from './take.js';

type T = tf.Tensor;

/**
 * The indices that sort the last axis. Among equal values, TopK puts the lower index first, so the order is stable, as on the arrays
 * engine.
 */
function argsort(x: T): T {
  return untaped(() => tf.topk(tf.neg(numeric(x)), x.shape.at(-1), true).indices);
}

/** Sorts along the last axis. TopK has no gradient, so the values are taken by index from the flattened rows. */
export const sort = (x: T): T => tf.tidy(() => sorted(x));

function sorted(x: T): T {
  if (x.size === 0) return tf.clone(x);
  const size = x.shape.at(-1)!;
  const starts = tf.reshape(tf.mul(tf.range(0, x.size / size, 1, 'int32'), tf.scalar(size, 'int32')), [-1, 1]);
  const flat = tf.add(tf.reshape(argsort(x), [-1, size]), starts);
  return tf.reshape(take(tf.reshape(x, [-1]), tf.reshape(flat, [-1])), x.shape);
}
