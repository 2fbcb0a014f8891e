import * as tf from '@tensorflow/tfjs-core';
import { broadcastTo } from './broadcastTo.js';
import { keepNaN } from './keepNaN.js';

type T = tf.Tensor;

/** `tf.maximum`, NaN where an operand is. */
export const maximum = (a: T | number, b: T | number): T => extreme(tf.maximum, a, b);

/** `tf.minimum`, NaN where an operand is. */
export const minimum = (a: T | number, b: T | number): T => extreme(tf.minimum, a, b);

type Extreme = (a: T | number, b: T | number) => T;

/** wasm computes `b < a ? b : a`, which keeps a NaN of the first operand only. */
function extreme(f: Extreme, a: T | number, b: T | number): T {
  const [x, y] = alike(a, b);
  return tf.getBackend() === 'wasm' ? keepNaN(() => f(x, y), [y]) : f(x, y);
}

/** Tensors broadcast to one shape: the gradient that tfjs has does not sum over what it repeats. */
function alike(a: T | number, b: T | number): [T | number, T | number] {
  if (typeof a === 'number' || typeof b === 'number' || tf.util.arraysEqual(a.shape, b.shape)) return [a, b];
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  return [broadcastTo(a, shape), broadcastTo(b, shape)];
}
