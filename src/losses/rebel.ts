import { scope, square, sub } from '../backend/ops.js';
import { positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { marginOf } from '../logprobs/pairs.js';
import { checkRewardedPairs, rewardGap, type RewardedPairLogps } from '../logprobs/rewardedPairs.js';

/** Hyperparameters of {@link rebel}. */
export interface RebelOptions {
  /** Log-ratio in nats per unit of reward, positive. Default 1, as in the authors' code. */
  readonly eta?: number;
}

/**
 * REBEL (Regression to Relative Rewards), one value per preference pair: the difference of the log-ratios is pulled to the gap
 * of given rewards.
 *
 *     Delta = (policy.chosen - reference.chosen) - (policy.rejected - reference.rejected)
 *     loss  = (Delta - eta * (rewards.chosen - rewards.rejected))^2
 *
 * With d the difference that is squared, its gradient with respect to `policy.chosen` is `2 * d`, with respect to
 * `rewards.chosen` `-2 * eta * d`, and the opposite for the rejected sides. In REBEL's iterations, `reference` is the policy
 * that sampled the completions. The order of the two sides does not matter.
 *
 * eta is that of the authors' code; it stands for the inverse of a KL penalty. {@link rpoSquared} puts the penalty beta on the
 * other term: it is `beta^2` times this loss with an eta of `eta / beta`.
 *
 * @param batch - Summed completion log-probs in nats and rewards, each `[B]`; see {@link RewardedPairLogps}.
 * @param options - See {@link RebelOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, eta is not positive, or a reward is not finite. Where values cannot be read
 *   synchronously (WebGPU, WebGL), the loss of such a pair is NaN.
 *
 * @example
 * ```ts
 * import { rebel } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(rebel({ ...logps, rewards: { chosen: [1.5], rejected: [0.5] } })[0]); // 1
 * ```
 *
 * @see Gao et al., "REBEL: Reinforcement Learning via Regressing Relative Rewards", 2024. https://arxiv.org/abs/2404.16767
 */
export function rebel<T>(batch: RewardedPairLogps<T>, options: RebelOptions = {}): T {
  const like = checkRewardedPairs('rebel', batch);
  return scope(batch.policy.chosen, () => {
    const { eta } = readOptions('rebel', options, like, { eta: number(positive, 1) });
    return square(sub(marginOf(batch), rewardGap(batch, eta)));
  });
}
