import { greater, relu, sub, sum, where } from '../backend/ops.js';
import type { Reduced } from '../backend/types.js';
import { readOptions } from '../internal/options.js';
import {
  checkLists,
  counted,
  firstOfPairs,
  lossOfLists,
  rewardLeads,
  secondOfPairs,
  sumOfCandidates,
  type RewardedLists,
} from '../logprobs/lists.js';

/**
 * The ranking term of RRHF (Rank Responses to align with Human Feedback), one value per list: a hinge on each pair of
 * candidates that the policy orders wrongly. It needs neither a reference model nor a hyperparameter.
 *
 *     loss = sum over all i, j with rewards_i above rewards_j of max(0, A_j - A_i)      with A = policy
 *
 * The loss is 0 if the policy orders the candidates as the rewards do. Its gradient with respect to `A_i` is the number of
 * candidates with a higher reward and a lower log-prob, minus the number with a lower reward and a higher log-prob. Equal
 * rewards and equal log-probs count for nothing.
 *
 * The published loss adds the negative log-likelihood of the best candidate: see `nll`. The authors' code divides summed
 * log-probs by `length^penalty`; its default penalty of 1 gives the mean. Nothing checks that log-probs are at most 0: only
 * their differences matter.
 *
 * @param batch - Mean log-probs in nats per token and rewards, `[B, K]`, in any order, and a mask if lists differ in
 *   length; see {@link RewardedLists}.
 * @param options - None; any option is an error.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, an option is given, or the mask holds anything
 *   but 0 and 1. Where values cannot be read synchronously (WebGPU, WebGL), the loss of such a list is NaN.
 *
 * @example
 * ```ts
 * import { rrhf } from 'prefloss';
 * console.log(rrhf({ policy: [[-1, -0.5, -2]], rewards: [[2, 1, 0]] })[0]); // 0.5
 * ```
 *
 * @see Yuan et al., "RRHF: Rank Responses to Align Language Models with Human Feedback without tears", 2023. https://arxiv.org/abs/2304.05302
 */
export function rrhf<T>(batch: RewardedLists<T>, options: Readonly<Record<string, never>> = {}): Reduced<T> {
  const like = checkLists('rrhf', batch, ['policy', 'rewards']);
  const { mask } = batch;
  readOptions('rrhf', options, like, {});
  return lossOfLists(like, () => {
    const logps = counted(batch.policy, mask);
    const leads = rewardLeads(batch.rewards, mask);
    // Elsewhere, the lead is 0, or NaN if a reward is: the loss of such a list must not look like a number.
    const excess = where(greater(leads, 0), sub(secondOfPairs(logps), firstOfPairs(logps)), leads);
    return sumOfCandidates(sum(relu(excess), -1) as T, mask);
  });
}
