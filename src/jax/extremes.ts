import { numpy as np } from '@jax-js/jax';
import { kindOf, numeric, operands, type T } from './kinds.js';
import { isNaN, losesNaN, poisonOf } from './nan.js';

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

/** `x` where the condition holds, otherwise `y`; the one that is NaN, if one is. Consumes all. */
function chosen(isFirst: T, x: T, y: T): T {
  if (kindOf(x) === 'int') return np.where(isFirst, x, y);
  const unlessNaN = np.where(isNaN(y.ref), y.ref, np.where(isFirst, x.ref, y));
  return np.where(isNaN(x.ref), x, unlessNaN);
}

/** Largest value over one axis, or over all; NaN if one is. */
export function max(x: T, axis: number | null = null): T {
  const values = numeric(x);
  if (!losesNaN(values)) return np.max(values, axis);
  return np.max(values.ref, axis).add(poisonOf(values).sum(axis));
}
