import { Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/describe.js';
import { isPlainObject } from '../../backend/plainObject.js';

/** The entries of a record of gradients. Any other object, such as a `Map`, has no fields to read, and would do nothing silently. */
export function gradientsByName(fn: string, name: string, gradients: unknown): [string, unknown][] {
  if (isPlainObject(gradients)) return Object.entries(gradients);
  throw new TypeError(`${fn}: ${name} is ${describe(gradients)}, expected gradients by variable name`);
}

/** Checks that a gradient is a live tensor of float32: `tf.variableGrads` returns null for variables that are not trainable. */
export function checkGradient(fn: string, name: string, gradient: unknown): asserts gradient is Tensor {
  if (!(gradient instanceof Tensor)) throw new TypeError(`${fn}: ${name} is ${describe(gradient)}, expected a tensor`);
  if (gradient.isDisposed) throw new TypeError(`${fn}: ${name} is disposed`);
  checkFloat(fn, name, gradient);
}

/** Checks that a tensor is of float32: a variable of another dtype cannot take a mean or a step. */
export function checkFloat(fn: string, name: string, { dtype }: Pick<Tensor, 'dtype'>): void {
  if (dtype !== 'float32') throw new TypeError(`${fn}: ${name} has dtype ${dtype}, expected float32`);
}
