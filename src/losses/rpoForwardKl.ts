import { clip, mul, neg, scope, sigmoid, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { marginOf } from '../logprobs/pairs.js';
import { checkRewardedPairs, rewardGap, type RewardedPairLogps } from '../logprobs/rewardedPairs.js';

/** Hyperparameters of {@link rpoForwardKl}. */
export interface RpoForwardKlOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Scale of the given rewards, positive. Default 1. */
  readonly eta?: number;
}

/**
 * Reward-aware Preference Optimization (RPO) with the forward KL, one value per preference pair: the KL divergence KL(q || p)
 * between the policy's preference q and the preference p that given rewards imply.
 *
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *     g    = eta * (rewards.chosen - rewards.rejected)
 *     loss = sigmoid(h) * (log sigmoid(h) - log sigmoid(g)) + sigmoid(-h) * (log sigmoid(-h) - log sigmoid(-g))
 *
 * It is 0 where h equals g. Its gradient with respect to `policy.chosen` is `beta * sigmoid(h) * sigmoid(-h) * (h - g)`, with
 * respect to `rewards.chosen` `eta * (sigmoid(g) - sigmoid(h))`, and the opposite for the rejected sides. It equals
 * {@link exoPair} where `g = log((1 - e) / e)`. {@link rpoBackwardKl} exchanges q and p. The names of the two directions are
 * those of NeMo-Aligner.
 *
 * @param batch - Summed completion log-probs in nats and rewards, each `[B]`; see {@link RewardedPairLogps}.
 * @param options - See {@link RpoForwardKlOptions}.
 * @returns The losses `[B]`, at least 0 up to rounding.
 * @throws RangeError if shapes differ, an option is outside its range, or a reward is not finite. Where values cannot be read
 *   synchronously (WebGPU, WebGL), the loss of such a pair is NaN.
 *
 * @example
 * ```ts
 * import { rpoForwardKl } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * const loss = rpoForwardKl({ ...logps, rewards: { chosen: [1.5], rejected: [0.5] } });
 * console.log(loss[0]!.toFixed(7)); // 0.0752556
 * ```
 *
 * @see Sun et al., "Reward-aware Preference Optimization: A Unified Mathematical Framework for Model Alignment", 2025.
 *   https://arxiv.org/abs/2502.00203
 */
export function rpoForwardKl<T>(batch: RewardedPairLogps<T>, options: RpoForwardKlOptions<T> = {}): T {
  const like = checkRewardedPairs('rpoForwardKl', batch);
  return scope(batch.policy.chosen, () => {
    const { beta, eta } = readOptions('rpoForwardKl', options, like, {
      beta: perExample(positive, 0.1),
      eta: number(positive, 1),
    });
    // Finite also for an infinite margin, whose limit would be lost: 0 * Infinity is NaN.
    const h = clip(mul(marginOf(batch), beta), -1e30, 1e30);
    const g = rewardGap(batch, eta);
    const e = sigmoid(neg(h));
    // The cross entropy of sigmoid(g) relative to 1 - e, minus the entropy.
    return sub(logistic(g, e), logistic(h, e));
  });
}
