import { lax, numpy as np } from '@jax-js/jax';
import type { T } from './kinds.js';

// All functions consume their arguments, as those of jax-js do.

/** The bits of the square root of 1/2, of 1, and of the fraction of a float. */
const [ROOT_OF_HALF, ONE, FRACTION] = [0x3f3504f3, 0x3f800000, 0x7fffff];

/** An integer: jax-js would round a number next to integers to float32. */
const int = (value: number): T => np.array(value, { dtype: np.int32 });

/** `2 atanh(t)`, by the series `2 (t + t^3 / 3 + t^5 / 5 + ...)` up to an odd power: 9 for |t| up to 0.18, 15 for |t| up to 1/3. */
function twiceAtanh(t: T, power: 9 | 15): T {
  const square = t.ref.mul(t.ref);
  let series = square.ref.mul(2 / power).add(2 / (power - 2));
  for (let n = power - 4; n > 0; n -= 2) series = series.mul(square.ref).add(2 / n);
  square.dispose();
  return series.mul(t);
}

/**
 * Natural logarithm of finite floats from 2^-126 on: with `x = 2^n m` and m from the square root of 1/2 to that of 2,
 *
 *     log(x) = n log(2) + 2 atanh((m - 1) / (m + 1))
 */
function logByBits(x: T): T {
  const bits = x.view(np.int32).add(int(ONE - ROOT_OF_HALF));
  const n = np.rightShift(bits.ref, int(23)).sub(127).astype(np.float32);
  const m = np.bitwiseAnd(bits, int(FRACTION)).add(int(ROOT_OF_HALF)).view(np.float32);
  return n.mul(Math.LN2).add(twiceAtanh(m.ref.sub(1).div(m.add(1)), 9));
}

/**
 * The logarithm of jax-js, made exact. On wasm, it is a series whose error reaches 1.1e-5 just below powers of 2, and on WebGPU 0 has a
 * finite logarithm. What is missing is added without a gradient of its own, which stays `1 / x`.
 */
function exactLog(x: T, exact: T): T {
  const values = lax.stopGradient(x.ref);
  const y = np.log(x);
  const missing = exact.sub(lax.stopGradient(y.ref));
  // Numbers below 2^-126 may be 0, whose logarithm has no correction.
  const step = np.where(np.absolute(missing.ref).less(1e-3), missing, 0);
  const ofPositive = np.where(values.ref.less(Infinity), step, Infinity);
  const correction = np.where(values.ref.greater(0), ofPositive, np.where(values.equal(0), -Infinity, NaN));
  return y.add(correction.astype(y.dtype));
}

const still = (x: T): T => lax.stopGradient(x.ref).astype(np.float32);

/** Natural logarithm. */
export const log = (x: T): T => exactLog(x, logByBits(still(x)));

/** `log(1 + x)`; near 0, where `1 + x` loses digits of x, it is `2 atanh(x / (2 + x))`. */
export function log1p(x: T): T {
  const values = still(x);
  const isNear = np.absolute(values.ref).less(0.3);
  const far = logByBits(values.ref.add(1));
  const near = twiceAtanh(values.ref.div(values.add(2)), 9);
  return exactLog(x.add(1), np.where(isNear, near, far));
}

/** `e^-|x|`, which never overflows. Under `jit`, `min` and `max` need no condition in memory, as `abs` does. */
const decay = (x: T): T => np.exp(np.minimum(0, x.ref).sub(np.maximum(x, 0)));

/** `log(1 + u)` for u from 0 to 1: the logarithm of jax-js for the gradient, and `2 atanh(u / (2 + u))` for the value. */
function log1pOfShare(u: T): T {
  const values = lax.stopGradient(u.ref);
  const y = np.log(u.add(1));
  const exact = twiceAtanh(values.ref.div(values.add(2)), 15);
  return y.ref.add(exact.sub(lax.stopGradient(y)));
}

/** `max(x, 0) + log(1 + e^-|x|)`; `nn.softplus` is `log(e^x + 1)`, which overflows from 89 on. */
export const softplus = (x: T): T => np.maximum(x.ref, 0).add(log1pOfShare(decay(x)));

/** `1 / (1 + e^-|x|)`, times `e^-|x|` below 0; `nn.sigmoid` has a gradient of 0 times Infinity there. */
export function sigmoid(x: T): T {
  const e = decay(x.ref);
  const share = np.reciprocal(e.ref.add(1));
  return np.where(x.less(0), e.mul(share.ref), share);
}

/** `e^(y log(x))` for positive x. At 0, where that has no gradient, a power above 0 is 0, and its gradient is 0. */
export function pow(x: T, y: T): T {
  const isZero = x.ref.equal(0);
  const power = np.exp(y.ref.mul(log(np.where(isZero.ref, 1, x))));
  const ofZero = np.where(y.ref.greater(0), 0, np.where(y.equal(0), 1, Infinity));
  return np.where(isZero, ofZero, power);
}
