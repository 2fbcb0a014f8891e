import * as tf from '@tensorflow/tfjs-core';
import { keepNaN } from './keepNaN.js';

type T = tf.Tensor;

/** `tf.pow`, NaN where an operand is: WebGL may compute an infinite value. */
export const pow = (x: T | number, y: T | number): T => (tf.getBackend() === 'webgl' ? keepNaN(() => tf.pow(x, y), [x, y]) : tf.pow(x, y));
