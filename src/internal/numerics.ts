import { add, div, expm1, logSumExp, minimum, mul, neg, reshape, shape, softplus, sub } from '../backend/ops.js';

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

/** The logarithm of the softmax over the last axis of `[N, K]`: `x - logSumExp(x)`. */
export function logSoftmax<T>(x: T): T {
  return sub(x, reshape<T>(logSumExp(x), [shape(x)[0]!, 1]));
}
