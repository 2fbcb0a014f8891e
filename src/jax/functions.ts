import { lax, numpy as np } from '@jax-js/jax';
import type { T } from './kinds.js';

// All functions consume their arguments, as those of jax-js do.

/** `2 atanh(t)`, for |t| up to 1/3, by the series `2 (t + t^3 / 3 + t^5 / 5 + ...)`. */
function twiceAtanh(t: T): T {
  const square = t.ref.mul(t.ref);
  const leading = square.ref.mul(1 / 15).add(1 / 13);
  const series = [11, 9, 7, 5, 3, 1].reduce((sum, n) => sum.mul(square.ref).add(1 / n), leading);
  square.dispose();
  return series.mul(t).mul(2);
}

/**
 * Natural logarithm. On wasm, that of jax-js is a series whose error reaches 1.1e-5 just below powers of 2, and on WebGPU 0 has a finite
 * logarithm. It is corrected: near 1 to `2 atanh((x - 1) / (x + 1))`, elsewhere by one step of Newton's method, or by what makes the result
 * infinite or NaN. The gradient stays `1 / x`.
 */
export function log(x: T): T {
  const y = np.log(x.ref);
  const error = x.ref.mul(np.exp(y.ref.neg())).sub(1);
  // Where numbers below 2^-126 are 0, the error is not small and no step is taken.
  const step = np.where(np.absolute(error.ref).less(1e-3), error, 0);
  const isNear = np.absolute(x.ref.sub(1)).less(0.3);
  const near = np.where(isNear.ref, x.ref, 1);
  const nearStep = twiceAtanh(near.ref.sub(1).div(near.add(1))).sub(y.ref);
  const ofPositive = np.where(x.ref.less(Infinity), np.where(isNear, nearStep, step), Infinity);
  const correction = np.where(x.ref.greater(0), ofPositive, np.where(x.equal(0), -Infinity, NaN));
  return y.add(lax.stopGradient(correction));
}

/** `log(1 + x)`; jax-js's series holds near 0, and its logarithm is corrected elsewhere. */
export function log1p(x: T): T {
  const isNear = np.absolute(x.ref).lessEqual(0.2);
  const near = np.log1p(np.where(isNear.ref, x.ref, 0));
  return np.where(isNear, near, log(x.add(1)));
}

/** `e^-|x|`, which never overflows. */
const decay = (x: T): T => np.exp(np.absolute(x).neg());

/** `log(1 + u)` for u from 0 to 1, `2 atanh(u / (2 + u))`. */
const log1pOfShare = (u: T): T => twiceAtanh(u.ref.div(u.add(2)));

/** `max(x, 0) + log(1 + e^-|x|)`; `nn.softplus` is `log(e^x + 1)`, which overflows from 89 on. */
export const softplus = (x: T): T => np.where(x.ref.less(0), 0, x.ref).add(log1pOfShare(decay(x)));

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
