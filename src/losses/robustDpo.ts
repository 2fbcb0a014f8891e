import { mul, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { labelNoise, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPairLogps, marginOf, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link robustDpo}. */
export interface RobustDpoOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Probability that a preference label is flipped, in [0, 0.5). Default 0, which is {@link dpo}. */
  readonly labelSmoothing?: number;
}

/**
 * Robust DPO (rDPO), one value per preference pair: an unbiased estimate of the DPO loss on clean labels, from labels that
 * are flipped with a known probability.
 *
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *     loss = (-(1 - e) * log sigmoid(h) + e * log sigmoid(-h)) / (1 - 2 * e)      with e = labelSmoothing
 *
 * The loss is ln 2 where policy and reference agree. Its gradient with respect to `policy.chosen` is
 * `-beta * (sigmoid(-h) + e / (1 - 2 * e))`, and the opposite for `policy.rejected`. If e is positive, the loss falls without
 * bound as h grows, and its gradient never goes to zero; the gradient of conservative DPO ({@link dpo} with
 * `labelSmoothing`) is 0 at `sigmoid(-h) = e`.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link RobustDpoOptions}.
 * @returns The losses `[B]`; at least 0 if labelSmoothing is 0, otherwise unbounded below.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { robustDpo } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(robustDpo(logps, { labelSmoothing: 0.1 })[0]!.toFixed(7)); // 0.5731389
 * ```
 *
 * @see Chowdhury, Kini and Natarajan, "Provably Robust DPO: Aligning Language Models with Noisy Feedback", 2024.
 *   https://arxiv.org/abs/2403.00409
 */
export function robustDpo<T>(logps: PairLogps<T>, options: RobustDpoOptions<T> = {}): T {
  const like = checkPairLogps('robustDpo', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, labelSmoothing } = readOptions('robustDpo', options, like, {
      beta: perExample(positive, 0.1),
      labelSmoothing: number(labelNoise, 0),
    });
    const h = mul(marginOf(logps), beta);
    // log sigmoid(-h) = log sigmoid(h) - h: the two logarithms become one, and a linear term.
    const loss = logistic(h);
    return labelSmoothing === 0 ? loss : sub(loss, mul(h, labelSmoothing / (1 - 2 * labelSmoothing)));
  });
}
