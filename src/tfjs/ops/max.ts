import * as tf from '@tensorflow/tfjs-core';
import { untaped } from '../tape.js';
import { reduceNone } from './reduceNone.js';

// On WebGL, tfjs's reduction starts from this value, so it never returns a smaller one. Divided by SCALE, every finite float is above it.
const BEGIN = -1e20;
const SCALE = 2 ** 64;

/**
 * Largest value over one axis or over all. Unlike `tf.max` on WebGL, it also finds values below -1e20, with which masked logits are
 * often filled.
 */
export function max(x: tf.Tensor, axis?: number): tf.Tensor {
  if (x.size === 0) return reduceNone(x, axis, -Infinity);
  const isExact = tf.getBackend() !== 'webgl' || x.dtype !== 'float32';
  return isExact ? tf.max(x, axis) : tf.tidy(() => maxOnWebgl(x, axis));
}

function maxOnWebgl(x: tf.Tensor, axis?: number): tf.Tensor {
  const largest = tf.max(x, axis);
  const ofSmall = tf.mul(tf.max(tf.div(x, SCALE), axis), SCALE);
  // A comparison on the tape throws in the backward pass.
  const isSmall = untaped(() => tf.lessEqual(largest, tf.scalar(BEGIN)));
  return tf.where(isSmall, ofSmall, largest);
}
