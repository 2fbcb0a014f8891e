import { add, mul, scope, sigmoid, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link apoDown}. */
export interface ApoDownOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/**
 * APO-down (Anchored Preference Optimization), one value per preference pair: one term pushes the chosen side down, the other
 * pushes the two sides apart. For data whose chosen answers are worse than the model's own.
 *
 *     r    = beta * (policy - reference)      for each side
 *     loss = sigmoid(r.chosen) + sigmoid(-(r.chosen - r.rejected))
 *
 * It is 1 where policy and reference agree. With `h = r.chosen - r.rejected`, its gradient with respect to `policy.chosen`
 * is `beta * (sigmoid(r.chosen) * sigmoid(-r.chosen) - sigmoid(h) * sigmoid(-h))`, and with respect to `policy.rejected`
 * `beta * sigmoid(h) * sigmoid(-h)`.
 *
 * The rejected side is pushed down. The chosen side is pushed down where `|r.chosen| < |h|` and up where `|r.chosen| > |h|`; its
 * gradient is 0 where policy and reference agree. For a negative `r.rejected`, this means down while `r.chosen` is above
 * `r.rejected / 2`, and up below that. If the chosen answers are better than the model's own, see {@link apoZero}.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link ApoDownOptions}.
 * @returns The losses `[B]`, in [0, 2].
 * @throws RangeError if shapes differ or beta is not positive.
 *
 * @example
 * ```ts
 * import { apoDown } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(apoDown(logps)[0]!.toFixed(7)); // 0.9751452
 * ```
 *
 * @see D'Oosterlinck et al., "Anchored Preference Optimization and Contrastive Revisions", 2024, eq. 8. https://arxiv.org/abs/2408.06266
 */
export function apoDown<T>(logps: PairLogps<T>, options: ApoDownOptions<T> = {}): T {
  const like = checkPairLogps('apoDown', logps);
  return scope(logps.policy.chosen, () => {
    const { beta } = readOptions('apoDown', options, like, {
      beta: perExample(positive, 0.1),
    });
    const { chosen, rejected } = logRatios(logps);
    return add(sigmoid(mul(chosen, beta)), sigmoid(mul(sub(rejected, chosen), beta)));
  });
}
