import * as tf from '@tensorflow/tfjs-core';
import { untaped } from '../tape.js';
import { where } from './where.js';

type T = tf.Tensor;

/** The result of an elementwise operation, with NaN where one of the operands is NaN that the active backend may lose. */
export const keepNaN = (operation: () => T, operands: readonly (T | number)[]): T =>
  tf.tidy(() => operands.reduce<T>(withNaNOf, operation()));

function withNaNOf(y: T, x: T | number): T {
  if (typeof x === 'number') return Number.isNaN(x) ? tf.mul(y, x) : y;
  return x.dtype === 'float32' ? where(untaped(() => tf.isNaN(x)), x, y) : y; // prettier-ignore
}
