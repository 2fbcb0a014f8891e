import { add, div, exp, expm1, log, max, minimum, mul, neg, reshape, shape, softplus, stopGradient, sub, sum } from '../backend/ops.js';
import type { Operand, ScalarOf } from '../backend/types.js';

/**
 * The logistic loss of a margin with smoothed labels:
 *
 *     -(1 - e) * log sigmoid(h) - e * log sigmoid(-h)      d/dh = e - sigmoid(-h)
 *
 * with `-log sigmoid(h) = softplus(-h)`: the cross entropy of `sigmoid(h)` relative to the probability 1 - e, for any e in [0, 1]. The
 * loss is finite for every finite h, and for a number e in [0, 1) has its limits at infinite ones: the shorter `softplus(-h) + e * h`
 * would be NaN at -Infinity. For an e of exactly 0 or 1 in a tensor, an infinite h gives NaN: 0 * Infinity.
 */
export function logistic<T>(h: T, labelSmoothing: Operand<T> = 0): T {
  const loss = softplus(neg(h));
  if (labelSmoothing === 0) return loss;
  return add(mul(loss, sub<Operand<T>>(1, labelSmoothing)), mul(softplus(h), labelSmoothing));
}

/** Largest exponent in the rewards of AlphaPO: `e^80` is finite in float32. */
export const MAX_EXPONENT = 80;

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
 * The logarithm of the softmax over the last axis of `[N, K]`:
 *
 *     logSoftmax(x) = z - log(sum(e^z)),  z = x - max(x)
 *
 * `x - logSumExp(x)` has the same value, but keeps only the digits of the largest x.
 */
export function logSoftmax<T>(x: T): T {
  const column = [shape(x)[0]!, 1];
  const z = sub(x, reshape<T>(stopGradient(max(x, -1) as T), column));
  return sub(z, reshape<T>(log(sum(exp(z), -1) as T), column));
}

/** Mean over the rows of a tensor `[B]`; 0 for a part of a batch without rows. */
export const meanOfRows = <T>(x: T): ScalarOf<T> => div(sum(x), Math.max(shape(x)[0]!, 1));
