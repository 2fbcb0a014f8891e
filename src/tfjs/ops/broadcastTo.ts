import * as tf from '@tensorflow/tfjs-core';

type T = tf.Tensor;

/** `tf.broadcastTo`, which takes an axis of size 0 for one of size 1. */
export function broadcastTo(x: T, shape: readonly number[]): T {
  if (!shape.includes(0)) return tf.broadcastTo(x, [...shape] as never);
  const none = (): T => tf.zeros([...shape], x.dtype);
  return x.dtype === 'float32' ? tf.customGrad(() => ({ value: none(), gradFunc: () => tf.zeros(x.shape) }))(x) : none();
}
