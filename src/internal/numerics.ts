import {
  add,
  div,
  expm1,
  greater,
  log,
  logSumExp,
  minimum,
  mul,
  neg,
  reshape,
  shape,
  softplus,
  stopGradient,
  sub,
  sum,
  where,
} from '../backend/ops.js';
import type { ScalarOf } from '../backend/types.js';

/**
 * `log(1 - e^x)` for `x <= 0`: the log-probability of the complement of an event with log-probability x.
 *
 *     log1mexp(x) = log(-expm1(x))      d/dx = e^x / expm1(x) = -1 / expm1(-x)
 *
 * `-expm1(x)` does not cancel near 0; `1 - e^x` would be 0 in float32 for x above -3e-8. The absolute error is at rounding
 * level for every x. In float32, the relative error of the value, not of the gradient, grows below x = -16, where its magnitude
 * is under 2e-7.
 *
 * At 0, value and slope are -Infinity. Arguments above -1e-30 (a log-probability of 0, or one that rounding made positive)
 * count as -1e-30, in value and gradient: -69.08 and -1e30, which stays finite in float32 when multiplied by a weight.
 */
export function log1mexp<T>(x: T): T {
  // 0 with a slope of 1, so that a clamped argument still passes its gradient on.
  const zeroOfSlopeOne = sub(x, stopGradient(x));
  const clamped = where(greater(x, -1e-30), sub(zeroOfSlopeOne, 1e-30), x);
  return log(neg(expm1(clamped)));
}

/**
 * The logistic loss of a margin with smoothed labels:
 *
 *     -(1 - e) * log sigmoid(h) - e * log sigmoid(-h)      d/dh = e - sigmoid(-h)
 *
 * `softplus(-h) = -log sigmoid(h)`, and `log sigmoid(-h) = log sigmoid(h) - h`: smoothing adds a linear term. The loss is
 * finite for every finite h.
 */
export function logistic<T>(h: T, labelSmoothing = 0): T {
  const loss = softplus(neg(h));
  return labelSmoothing === 0 ? loss : add(loss, mul(h, labelSmoothing));
}

/**
 * An exponential score, shifted to be 0 at x = 0:
 *
 *     (1 - e^(-alpha x)) / alpha      d/dx = e^(-alpha x); 0 where the exponent is capped
 *
 * The exponent is capped at `maxExponent`: e^89 overflows float32, and the difference of two infinite scores would be NaN.
 * `expm1` keeps the digits of small x, where `1 - e^(-alpha x)` cancels.
 */
export function exponentialScore<T>(x: T, alpha: number, maxExponent: number): T {
  return div(expm1(minimum(mul(x, -alpha), maxExponent)), -alpha);
}

/**
 * The hyperbolic tangent, with a small relative error:
 *
 *     tanh(x) = m / (m + 2),  m = e^(2x) - 1      d/dx = 1 - tanh(x)^2; 0 above x = 20, where it is below 2e-17
 */
export function tanh<T>(x: T): T {
  const m = expm1(mul(minimum(x, 20), 2));
  return div(m, add(m, 2));
}

/** The logarithm of the softmax over the last axis of `[N, K]`: `x - logSumExp(x)`. */
export function logSoftmax<T>(x: T): T {
  return sub(x, reshape<T>(logSumExp(x), [shape(x)[0]!, 1]));
}

/** Mean over the rows of a tensor `[B]`; 0 for a part of a batch without rows. */
export const meanOfRows = <T>(x: T): ScalarOf<T> => div(sum(x), Math.max(shape(x)[0]!, 1));
