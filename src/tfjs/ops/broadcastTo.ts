import * as tf from '@tensorflow/tfjs-core';
import { withoutSlope } from './withoutSlope.js';

type T = tf.Tensor;

/** `tf.broadcastTo`, which takes an axis of size 0 for one of size 1. */
export function broadcastTo(x: T, shape: readonly number[]): T {
  if (!shape.includes(0)) return tf.broadcastTo(x, [...shape] as never);
  return withoutSlope(x, () => tf.zeros([...shape], x.dtype));
}
