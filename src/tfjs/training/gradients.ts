import { Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/registry.js';

/** Checks that a gradient is a live tensor: `tf.variableGrads` returns null for variables that are not trainable. */
export function checkGradient(fn: string, name: string, gradient: unknown): asserts gradient is Tensor {
  if (!(gradient instanceof Tensor)) throw new TypeError(`${fn}: ${name} is ${describe(gradient)}, expected a tensor`);
  if (gradient.isDisposed) throw new TypeError(`${fn}: ${name} is disposed`);
}
