import { add, mul, neg, scope, sigmoid } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link apoZero}. */
export interface ApoZeroOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/**
 * APO-zero (Anchored Preference Optimization), one value per preference pair: pushes the chosen side up and the rejected side
 * down, independently of each other. For data whose chosen answers are better than the model's own.
 *
 *     r    = beta * (policy - reference)      for each side
 *     loss = sigmoid(-r.chosen) + sigmoid(r.rejected)
 *
 * It is 1 where policy and reference agree. Its gradient with respect to `policy.chosen` is
 * `-beta * sigmoid(r.chosen) * sigmoid(-r.chosen)`, and with respect to `policy.rejected`
 * `beta * sigmoid(r.rejected) * sigmoid(-r.rejected)`. If the chosen answers are worse than the model's own, see
 * {@link apoDown}.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link ApoZeroOptions}.
 * @returns The losses `[B]`, in [0, 2].
 * @throws RangeError if shapes differ or beta is not positive.
 *
 * @example
 * ```ts
 * import { apoZero } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(apoZero(logps)[0]!.toFixed(7)); // 0.9500416
 * ```
 *
 * @see D'Oosterlinck et al., "Anchored Preference Optimization and Contrastive Revisions", 2024, eq. 7. https://arxiv.org/abs/2408.06266
 */
export function apoZero<T>(logps: PairLogps<T>, options: ApoZeroOptions<T> = {}): T {
  const like = checkPairLogps('apoZero', logps);
  return scope(logps.policy.chosen, () => {
    const { beta } = readOptions('apoZero', options, like, {
      beta: perExample(positive, 0.1),
    });
    const { chosen, rejected } = logRatios(logps);
    // 1 - sigmoid(z) is written sigmoid(-z), which does not cancel.
    return add(sigmoid(neg(mul(chosen, beta))), sigmoid(mul(rejected, beta)));
  });
}
