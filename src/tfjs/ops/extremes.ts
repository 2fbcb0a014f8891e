import * as tf from '@tensorflow/tfjs-core';
import { keepNaN } from './keepNaN.js';

type T = tf.Tensor;

/** `tf.maximum`, NaN where an operand is. */
export const maximum = (a: T | number, b: T | number): T => extreme(tf.maximum, a, b);

/** `tf.minimum`, NaN where an operand is. */
export const minimum = (a: T | number, b: T | number): T => extreme(tf.minimum, a, b);

/** wasm computes `b < a ? b : a`, which keeps a NaN of the first operand only. */
const extreme = (f: (a: T | number, b: T | number) => T, a: T | number, b: T | number): T =>
  tf.getBackend() === 'wasm' ? keepNaN(() => f(a, b), [b]) : f(a, b);
