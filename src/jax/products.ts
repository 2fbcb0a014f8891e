import { numpy as np } from '@jax-js/jax';
import { floats, operands, type T } from './kinds.js';

// jax-js computes 0 times any number as 0 when it compiles, also where the number is NaN.

/** `a * b` */
export function mul(a: T | number, b: T | number): T {
  const [x, y] = operands(a, b);
  if (a !== 0 && b !== 0) return np.multiply(x, y);
  return zeroOf(np.add(x, y));
}

/** `a / b` */
export function div(a: T | number, b: T | number): T {
  // A quotient of jax-js is a product with the reciprocal, which jit would compute in each call.
  if (typeof b === 'number') return mul(a, 1 / b);
  const [x, y] = floats(a, b);
  if (a !== 0) return np.trueDivide(x, y);
  x.dispose();
  return zeroOf(np.reciprocal(y));
}

/** 0, or NaN where x is not finite; consumes x. */
const zeroOf = (x: T): T => x.ref.sub(x);
