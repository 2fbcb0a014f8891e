import { mul, scope, square, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { marginOf } from '../logprobs/pairs.js';
import { checkRewardedPairs, rewardGap, type RewardedPairLogps } from '../logprobs/rewardedPairs.js';

/** Hyperparameters of {@link rpoSquared}. */
export interface RpoSquaredOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Scale of the given rewards, positive. Default 1. */
  readonly eta?: number;
}

/**
 * Reward-aware Preference Optimization (RPO) with the squared distance, one value per preference pair: the gap of the implicit
 * rewards is pulled to the gap of given rewards.
 *
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *     g    = eta * (rewards.chosen - rewards.rejected)
 *     loss = (h - g)^2
 *
 * Its gradient with respect to `policy.chosen` is `2 * beta * (h - g)`, with respect to `rewards.chosen` `-2 * eta * (h - g)`,
 * and the opposite for the rejected sides. It is `beta^2` times {@link rebel} with an eta of `eta / beta`, and, with a reward gap
 * of `1 / (2 * eta)`, `beta^2` times {@link ipo}.
 *
 * @param batch - Summed completion log-probs in nats and rewards, each `[B]`; see {@link RewardedPairLogps}.
 * @param options - See {@link RpoSquaredOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, an option is outside its range, or a reward is not finite. Where values cannot be read
 *   synchronously (WebGPU, WebGL), the loss of such a pair is NaN.
 *
 * @example
 * ```ts
 * import { rpoSquared } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(rpoSquared({ ...logps, rewards: { chosen: [1.5], rejected: [0.5] } }, { beta: 0.25 })[0]); // 0.25
 * ```
 *
 * @see Sun et al., "Reward-aware Preference Optimization: A Unified Mathematical Framework for Model Alignment", 2025.
 *   https://arxiv.org/abs/2502.00203
 */
export function rpoSquared<T>(batch: RewardedPairLogps<T>, options: RpoSquaredOptions<T> = {}): T {
  const like = checkRewardedPairs('rpoSquared', batch);
  return scope(batch.policy.chosen, () => {
    const { beta, eta } = readOptions('rpoSquared', options, like, { beta: perExample(positive, 0.1), eta: number(positive, 1) });
    return square(sub(mul(marginOf(batch), beta), rewardGap(batch, eta)));
  });
}
