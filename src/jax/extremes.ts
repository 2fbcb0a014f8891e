import { numpy as np } from '@jax-js/jax';
import { numeric, operands, type T } from './kinds.js';
import { losesNaN, poisonOf } from './nan.js';

const extreme =
  (f: (a: T, b: T) => T) =>
  (a: T | number, b: T | number): T => {
    const [x, y] = operands(a, b);
    if (!losesNaN(x) && !losesNaN(y)) return f(x, y);
    const poison = poisonOf(x.ref).add(poisonOf(y.ref));
    return f(x, y).add(poison);
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
