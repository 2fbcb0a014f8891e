import { numpy as np } from '@jax-js/jax';
import { kindOf, operands, type T } from './kinds.js';
import { isNaN, losesNaN } from './nan.js';

/** A comparison, false where an operand is NaN; on a GPU, those of jax-js may hold. */
export const comparison =
  (f: (a: T, b: T) => T) =>
  (a: T | number, b: T | number): T => {
    const [x, y] = operands(a, b);
    if (kindOf(x) === 'int' || !(losesNaN(x) || losesNaN(y))) return f(x, y);
    const isEither = isNaN(x.ref).add(isNaN(y.ref));
    return np.where(isEither, false, f(x, y));
  };
