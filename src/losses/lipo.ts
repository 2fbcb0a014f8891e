import {
  abs,
  cast,
  constant,
  div,
  equal,
  exp,
  expm1,
  greater,
  log1p,
  mul,
  neg,
  softplus,
  stopGradient,
  sum,
  where,
} from '../backend/ops.js';
import type { Reduced } from '../backend/types.js';
import { checkValues, poisonOutside } from '../internal/checks.js';
import { finite, positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import {
  checkLists,
  counted,
  FAR_BELOW,
  firstOfPairs,
  isSecondBehind,
  listRewards,
  lossOfLists,
  pairDifferences,
  rewardLeads,
  secondOfPairs,
  sumOfCandidates,
  type RewardedListLogps,
} from '../logprobs/lists.js';

/** Hyperparameters of {@link lipo}. */
export interface LipoOptions {
  /** Strength of the implicit KL penalty, positive. Default 0.1. */
  readonly beta?: number;
}

/**
 * LiPO-lambda (Listwise Preference Optimization), one value per list: the logistic loss of each pair of candidates, weighted
 * by how much swapping the two would change the quality of the ranking (LambdaLoss).
 *
 *     r      = beta * (policy - reference)
 *     gain   = 2^rewards - 1
 *     rank   = 1 for the candidate with the largest r, 2 for the next; ties in list order
 *     weight = |gain_i - gain_j| * |1 / ln(1 + rank_i) - 1 / ln(1 + rank_j)|
 *     loss   = sum over all i, j with rewards_i above rewards_j of sg(weight) * log(1 + e^(r_j - r_i))
 *
 * where `sg` stops the gradient: ranks are piecewise constant. The gradient with respect to `policy_i` is the sum of
 * `-beta * weight * sigmoid(r_j - r_i)` over the pairs where i has the larger reward, and of `beta * weight * sigmoid(r_i - r_j)`
 * over those where it has the smaller one; with respect to the rewards it is 0.
 *
 * The weights grow as 2^rewards, so scale the rewards to a few units. They are computed as
 *
 *     weight = 2^rewards_i / ln 2 * (1 - 2^(rewards_j - rewards_i)) * |ln 2 / ln(1 + rank_i) - ln 2 / ln(1 + rank_j)|
 *
 * in which only the first factor exceeds 1, so the loss and its gradient are finite wherever they can be represented. If this
 * factor overflows (rewards from about 127.5 in float32, 1023.5 in float64), it is an error.
 *
 * No original implementation was found. Gain and discount follow secondary sources on the paper; with a logarithm to base 2
 * in the discount, the loss would be ln 2 times this one.
 *
 * @param batch - Summed log-probs in nats and rewards (the labels psi of the paper), `[B, K]`, in any order, and a mask if
 *   lists differ in length; see {@link RewardedListLogps}.
 * @param options - See {@link LipoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, beta is not positive, `2^rewards / ln 2` is not
 *   finite, or the mask holds anything but 0 and 1. Where values cannot be read synchronously (WebGPU, WebGL), the loss of
 *   such a list is NaN.
 *
 * @example
 * ```ts
 * import { lipo } from 'prefloss';
 * const loss = lipo({ policy: [[-10, -12, -13]], reference: [[-11, -11, -11]], rewards: [[2, 1, 0]] });
 * console.log(loss[0]!.toFixed(7)); // 1.9583346
 * ```
 *
 * @see Liu et al., "LiPO: Listwise Preference Optimization through Learning-to-Rank", 2024. https://arxiv.org/abs/2402.01878
 */
export function lipo<T>(batch: RewardedListLogps<T>, options: LipoOptions = {}): Reduced<T> {
  const like = checkLists('lipo', batch, ['policy', 'reference', 'rewards']);
  const { mask } = batch;
  const { beta } = readOptions('lipo', options, like, { beta: number(positive, 0.1) });
  return lossOfLists(like, () => {
    const scores = listRewards(batch, beta);
    // In the precision of the engine, also if the rewards are a plain list: it decides what overflows.
    const rewards = constant<T>(batch.policy, batch.rewards);
    const scale = div(exp(mul(counted(rewards, mask), Math.LN2)), Math.LN2);
    checkValues('lipo', { name: '2^rewards / ln 2', value: scale }, finite);
    const leads = rewardLeads(rewards, mask);
    const discount = div(Math.LN2, log1p(ranks(counted(scores, mask, FAR_BELOW))));
    // At most 1, so that no weight overflows; 0 for pairs whose first reward is not the larger one.
    const share = abs(mul(expm1(mul(leads, -Math.LN2)), pairDifferences(discount)));
    const weight = mul(firstOfPairs(poisonOutside(scale, finite)), share);
    const gaps = where(greater(leads, 0), pairDifferences(scores), 0);
    return sumOfCandidates(sum(mul(stopGradient(weight), softplus(neg(gaps))), -1) as T, mask);
  });
}

/** 1 for the largest, `[B, K]`; ties in list order. */
function ranks<T>(scores: T): T {
  const [first, second] = [firstOfPairs(scores), secondOfPairs(scores)];
  // The second is ahead if it is larger, or if the two are equal and it does not come after the first.
  const isInFront = equal(cast(isSecondBehind(scores), 'float'), 0);
  const isAhead = where(equal(first, second), isInFront, greater(second, first));
  // A candidate counts as ahead of itself, so ranks begin with 1.
  return sum(cast(isAhead, 'float'), -1) as T;
}
