import { greater, relu, scope, sub, sum } from '../backend/ops.js';
import type { Less } from '../backend/types.js';
import { readOptions } from '../internal/options.js';
import { amongPairs, asFirst, asSecond, checkLists, counted, sumOfCandidates, type RewardedLists } from '../logprobs/lists.js';

/**
 * RRHF (Rank Responses to align with Human Feedback), its ranking term, one value per list: a hinge on every pair that the
 * policy orders wrongly. Neither a reference model nor a hyperparameter.
 *
 *     loss = sum over all i, j with rewards_i below rewards_j of max(0, A_i - A_j)      with A = policy
 *
 * It is 0 where the policy orders the candidates as the rewards do. Its gradient with respect to `A_i` is the number of
 * better candidates that the policy likes less, minus the number of worse ones that it likes more; ties count as right.
 *
 * The published loss adds the negative log-likelihood of the best candidate: add `nll`. Its authors divide the summed
 * log-probs by `length^penalty`, with 1 by default, which is the mean.
 *
 * @param batch - Mean log-probs in nats per token and rewards, `[B, K]`, in any order, and a mask where lists differ in
 *   length; see {@link RewardedLists}.
 * @param options - There are none: any that is given is an error.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, or an option is given.
 *
 * @example
 * ```ts
 * import { rrhf } from 'prefloss';
 * console.log(rrhf({ policy: [[-1, -0.5, -2]], rewards: [[2, 1, 0]] })[0]); // 0.5
 * ```
 *
 * @see Yuan et al., "RRHF: Rank Responses to Align Language Models with Human Feedback without tears", 2023. https://arxiv.org/abs/2304.05302
 */
export function rrhf<T>(batch: RewardedLists<T>, options: Readonly<Record<string, never>> = {}): Less<T> {
  const like = checkLists('rrhf', batch, ['policy', 'rewards']);
  const { mask } = batch;
  return scope(batch.policy, () => {
    readOptions('rrhf', options, like, {});
    const logps = counted(batch.policy, mask);
    const rewards = counted(batch.rewards, mask);
    const isWorse = greater(asSecond(rewards), asFirst(rewards));
    const excess = relu(sub(asFirst(logps), asSecond(logps)));
    return sumOfCandidates(sum(amongPairs(isWorse, excess, mask, 0), -1) as T, mask);
  });
}
