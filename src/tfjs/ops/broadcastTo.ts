import * as tf from '@tensorflow/tfjs-core';

type T = tf.Tensor;

/** `tf.broadcastTo`, which takes an axis of size 0 for one of size 1. */
export function broadcastTo(x: T, shape: readonly number[]): T {
  if (!shape.includes(0)) return tf.broadcastTo(x, [...shape] as never);
  // The product is empty, and keeps the gradient connected.
  return x.dtype === 'float32' ? tf.mul(x, tf.zeros([...shape])) : tf.zeros([...shape], x.dtype);
}
