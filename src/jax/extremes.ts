import { numpy as np } from '@jax-js/jax';
import { numeric, operands, type T } from './kinds.js';
import { keepingNaN, losesNaN, poisonOf } from './nan.js';

const extreme = (f: (a: T, b: T) => T) => {
  const keeping = keepingNaN(f);
  return (a: T | number, b: T | number): T => keeping(...operands(a, b));
};

/** The larger of the two, NaN if either is. At ties, the gradient goes to `a`. */
export const maximum = extreme(np.maximum);

/** The smaller of the two, NaN if either is. At ties, the gradient goes to `a`. */
export const minimum = extreme(np.minimum);

/** Largest value over one axis, or over all; NaN if one is. */
export function max(x: T, axis: number | null = null): T {
  const values = numeric(x);
  if (!losesNaN(values)) return np.max(values, axis);
  return np.max(values.ref, axis).add(poisonOf(values).sum(axis));
}
