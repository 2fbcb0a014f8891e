import { add, mul, scope, sigmoid, sub } from '../backend/ops.js';
import { checkOptions, checkPerExample, poisonOutside } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link apoDown}. */
export interface ApoDownOptions<T> {
  /** Strength of the implicit KL penalty, positive; one number or one per pair `[B]`. Default 0.1. */
  readonly beta?: number | T;
}

/**
 * APO-down (Anchored Preference Optimization), one value per preference pair: both sides are pushed down, the rejected one
 * further. For answers that are worse than what the model would say.
 *
 *     r    = beta * (policy - reference), of each side
 *     loss = sigmoid(r.chosen) + sigmoid(-(r.chosen - r.rejected))
 *
 * It is 1 where policy and reference agree. With `h = r.chosen - r.rejected`, its gradient with respect to `policy.chosen`
 * is `beta * (sigmoid(r.chosen) * sigmoid(-r.chosen) - sigmoid(h) * sigmoid(-h))`, with respect to `policy.rejected`
 * `beta * sigmoid(h) * sigmoid(-h)`. Where the chosen answers are better than the model, see {@link apoZero}.
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
  checkOptions('apoDown', options, ['beta']);
  const { beta = 0.1 } = options;
  checkPairLogps('apoDown', logps);
  checkPerExample('apoDown', 'beta', beta, positive, ['policy.chosen', logps.policy.chosen]);

  return scope(logps.policy.chosen, () => {
    const scale = poisonOutside(beta, positive);
    const { chosen, rejected } = logRatios(logps);
    return add(sigmoid(mul(chosen, scale)), sigmoid(mul(sub(rejected, chosen), scale)));
  });
}
