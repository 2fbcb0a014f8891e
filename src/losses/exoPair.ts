import { add, clip, mul, neg, scope, sigmoid, softplus, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive, type NumberDomain } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { checkPairLogps, marginOf, type PairLogps } from '../logprobs/pairs.js';

const smoothed: NumberDomain = { words: 'in (0, 0.5)', has: (v) => v > 0 && v < 0.5 };

/** Hyperparameters of {@link exoPair}. */
export interface ExoPairOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /**
   * Probability of the rejected side in the label, in (0, 0.5). Default 0.001, as in TRL up to 0.27; TRL 1.x requires a value,
   * and the authors' code uses `e^-10`.
   */
  readonly labelSmoothing?: number;
}

/**
 * EXO (Efficient Exact Optimization) on pairs, one value per preference pair: the reverse KL divergence KL(q || p), with q the
 * policy's preference and p the smoothed label. DPO minimizes the forward one.
 *
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *     loss = sigmoid(h) * (log sigmoid(h) - log(1 - e)) + sigmoid(-h) * (log sigmoid(-h) - log e)
 *
 * with `e = labelSmoothing`. It is 0 at `h = log((1 - e) / e)`, and `-ln(2) - (log(1 - e) + log(e)) / 2` where policy and
 * reference agree. Its gradient with respect to `policy.chosen` is
 * `beta * sigmoid(h) * sigmoid(-h) * (h - log((1 - e) / e))`, and the opposite for `policy.rejected`. {@link exo} is the form
 * for K candidates.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link ExoPairOptions}.
 * @returns The losses `[B]`, at least 0 up to rounding.
 * @throws RangeError if shapes differ or an option is outside its range. At a labelSmoothing of 0 the loss would be infinite.
 *
 * @example
 * ```ts
 * import { exoPair } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(exoPair(logps)[0]!.toFixed(7)); // 2.4220146
 * ```
 *
 * @see Ji et al., "Towards Efficient Exact Optimization of Language Model Alignment", 2024, eq. 16. https://arxiv.org/abs/2402.00856
 */
export function exoPair<T>(logps: PairLogps<T>, options: ExoPairOptions<T> = {}): T {
  const like = checkPairLogps('exoPair', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, labelSmoothing } = readOptions('exoPair', options, like, {
      beta: perExample(positive, 0.1),
      labelSmoothing: number(smoothed, 1e-3),
    });
    // Finite also for an infinite margin, whose limit would be lost: 0 * Infinity is NaN.
    const h = clip(mul(marginOf(logps), beta), -1e30, 1e30);
    const minus = neg(h);
    // Each logarithm is large only where the probability that multiplies it is near 0. log sigmoid(x) = -softplus(-x).
    const chosen = mul(sigmoid(h), sub(-Math.log1p(-labelSmoothing), softplus(minus)));
    const rejected = mul(sigmoid(minus), sub(-Math.log(labelSmoothing), softplus(h)));
    return add(chosen, rejected);
  });
}
