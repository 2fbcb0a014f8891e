import { mul, neg, scope, sigmoid, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { marginOf } from '../logprobs/pairs.js';
import { checkRewardedPairs, rewardGap, type RewardedPairLogps } from '../logprobs/rewardedPairs.js';

/** Hyperparameters of {@link rpoBackwardKl}. */
export interface RpoBackwardKlOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Scale of the given rewards, positive. Default 1. */
  readonly eta?: number;
}

/**
 * Reward-aware Preference Optimization (RPO) with the backward KL, one value per preference pair: the KL divergence of the
 * policy's preference q from the preference p that given rewards imply, KL(p || q).
 *
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *     g    = eta * (rewards.chosen - rewards.rejected)
 *     loss = sigmoid(g) * (log sigmoid(g) - log sigmoid(h)) + sigmoid(-g) * (log sigmoid(-g) - log sigmoid(-h))
 *
 * It is 0 where h equals g. Its gradient with respect to `policy.chosen` is `beta * (sigmoid(h) - sigmoid(g))`, with respect to
 * `rewards.chosen` `eta * sigmoid(g) * sigmoid(-g) * (g - h)`, and the opposite for the rejected sides. It equals {@link dpo}
 * with `preference: sigmoid(g)`, minus the entropy of that preference, so the two have the same gradient with respect to the
 * policy. {@link rpoForwardKl} exchanges p and q. The names of the two directions are those of NeMo-Aligner.
 *
 * DPO with a likelihood term, `rpo_alpha` in TRL up to 0.27, is another method of the same name.
 *
 * @param batch - Summed completion log-probs in nats and rewards, each `[B]`; see {@link RewardedPairLogps}.
 * @param options - See {@link RpoBackwardKlOptions}.
 * @returns The losses `[B]`, at least 0 up to rounding.
 * @throws RangeError if shapes differ, an option is outside its range, or a reward is not finite. Where values cannot be read
 *   synchronously (WebGPU, WebGL), the loss of such a pair is NaN.
 *
 * @example
 * ```ts
 * import { rpoBackwardKl } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * const loss = rpoBackwardKl({ ...logps, rewards: { chosen: [1.5], rejected: [0.5] } });
 * console.log(loss[0]!.toFixed(7)); // 0.0697240
 * ```
 *
 * @see Nvidia, "Nemotron-4 340B Technical Report", 2024 (RPO). https://arxiv.org/abs/2406.11704
 * @see Sun et al., "Reward-aware Preference Optimization: A Unified Mathematical Framework for Model Alignment", 2025.
 *   https://arxiv.org/abs/2502.00203
 */
export function rpoBackwardKl<T>(batch: RewardedPairLogps<T>, options: RpoBackwardKlOptions<T> = {}): T {
  const like = checkRewardedPairs('rpoBackwardKl', batch);
  return scope(batch.policy.chosen, () => {
    const { beta, eta } = readOptions('rpoBackwardKl', options, like, {
      beta: perExample(positive, 0.1),
      eta: number(positive, 1),
    });
    const h = mul(marginOf(batch), beta);
    const g = rewardGap(batch, eta);
    const e = sigmoid(neg(g));
    // The cross entropy of sigmoid(h) relative to 1 - e, minus the entropy.
    return sub(logistic(h, e), logistic(g, e));
  });
}
