import { lax, numpy as np } from '@jax-js/jax';
import { kindOf, numeric, operands, type T } from './kinds.js';

// On WebGPU, those of jax-js may drop a NaN.

/** The larger of the two, NaN if either is. At ties, the gradient goes to `a`. */
export function maximum(a: T | number, b: T | number): T {
  const [x, y] = operands(a, b);
  return chosen(x.ref.greaterEqual(y.ref), x, y);
}

/** The smaller of the two, NaN if either is. At ties, the gradient goes to `a`. */
export function minimum(a: T | number, b: T | number): T {
  const [x, y] = operands(a, b);
  return chosen(x.ref.lessEqual(y.ref), x, y);
}

/** `x` where the condition holds or it is NaN, otherwise `y`, which is NaN if the condition is false because of it; consumes all. */
function chosen(isFirst: T, x: T, y: T): T {
  return np.where(isFirst, x.ref, np.where(np.isnan(x.ref), x, y));
}

/** Largest value over one axis, or over all; NaN if one is. */
export function max(x: T, axis?: number): T {
  const values = numeric(x);
  if (kindOf(values) === 'int') return np.max(values, axis ?? null);
  const poison = np.where(np.isnan(values.ref), NaN, 0).sum(axis ?? null);
  return np.max(values, axis ?? null).add(lax.stopGradient(poison));
}
