import * as tf from '@tensorflow/tfjs-core';
import { untaped } from '../tape.js';

// tfjs's reduction on WebGL begins with this value, so it finds nothing smaller; the power of two scales any float past it.
const BEGIN = -1e20;
const SCALE = 2 ** 64;

/** Largest value over one axis or over all; also of values below -1e20, such as masks are filled with, on WebGL. */
export function max(x: tf.Tensor, axis?: number): tf.Tensor {
  const largest = tf.max(x, axis);
  if (tf.getBackend() !== 'webgl') return largest;
  const ofSmall = tf.mul(tf.max(tf.div(x, SCALE), axis), SCALE);
  // A comparison on the tape throws in the backward pass.
  const isSmall = untaped(() => tf.lessEqual(largest, tf.scalar(BEGIN)));
  return tf.where(isSmall, ofSmall, largest);
}
