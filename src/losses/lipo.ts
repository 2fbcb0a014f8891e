import { abs, cast, div, equal, expm1, greater, log1p, mul, neg, scope, softplus, stopGradient, sub, sum, where } from '../backend/ops.js';
import type { Less } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import {
  amongPairs,
  asFirst,
  asSecond,
  checkLists,
  counted,
  FAR_BELOW,
  isBehind,
  listRewards,
  sumOfCandidates,
  type RewardedListLogps,
} from '../logprobs/lists.js';

/** Hyperparameters of {@link lipo}. */
export interface LipoOptions {
  /** Strength of the implicit KL penalty, positive. Default 0.1. */
  readonly beta?: number;
}

/**
 * LiPO-lambda (Listwise Preference Optimization), one value per list: the logistic loss of all pairs of candidates, each
 * weighted by what swapping the two would do to the ranking (LambdaLoss).
 *
 *     r      = beta * (policy - reference)
 *     gain   = 2^rewards - 1
 *     rank   = 1 for the candidate of the largest r, 2 for the next; among equal ones, in their order
 *     weight = |gain_i - gain_j| * |1 / ln(1 + rank_i) - 1 / ln(1 + rank_j)|
 *     loss   = sum over all i, j with rewards_i above rewards_j of sg(weight) * log(1 + e^(r_j - r_i))
 *
 * where `sg` stops the gradient: ranks are piecewise constant. Its gradient with respect to `policy_i` is the sum of
 * `-beta * weight * sigmoid(r_j - r_i)` over the pairs that i wins, and the opposite over those that it loses.
 *
 * No original implementation was found. Gain and discount are those of the paper as secondary sources give them: with a
 * logarithm to base 2 the loss would be ln 2 times this.
 *
 * @param batch - Summed log-probs in nats and rewards (the labels psi of the paper), `[B, K]`, and a mask where lists
 *   differ in length; see {@link RewardedListLogps}.
 * @param options - See {@link LipoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, or beta is not positive.
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
export function lipo<T>(batch: RewardedListLogps<T>, options: LipoOptions = {}): Less<T> {
  const like = checkLists('lipo', batch, ['policy', 'reference', 'rewards']);
  const { policy, mask } = batch;
  return scope(policy, () => {
    const { beta } = readOptions('lipo', options, like, { beta: number(positive, 0.1) });
    const scores = listRewards(batch, beta);
    const rewards = counted(batch.rewards, mask);
    const gain = expm1(mul(rewards, Math.LN2));
    const discount = div(1, log1p(ranks(counted(scores, mask, FAR_BELOW))));
    // The gain of the first is the larger one in all pairs that count.
    const weight = mul(gap(gain), abs(gap(discount)));
    const terms = mul(stopGradient(weight), softplus(neg(gap(scores))));
    const wins = greater(asFirst(rewards), asSecond(rewards));
    return sumOfCandidates(sum(amongPairs(wins, terms, mask, 0), -1) as T, mask);
  });
}

/** The first candidate's value minus the second's, of all pairs `[B, K, K]`. */
const gap = (x: unknown): unknown => sub(asFirst(x), asSecond(x));

/** 1 for the largest, `[B, K]`; among equal ones, in their order. */
function ranks<T>(scores: T): T {
  const [first, second] = [asFirst(scores), asSecond(scores)];
  // The second one is ahead if it is larger, or equal and in front: the first is behind it then.
  const isInFront = equal(cast(isBehind(scores), 'float'), 0);
  const isAhead = where(equal(first, second), isInFront, greater(second, first));
  // A candidate is in front of itself by this count, which makes ranks begin with 1.
  return sum(cast(isAhead, 'float'), -1) as T;
}
