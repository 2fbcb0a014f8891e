import { logSumExp, max, mul, softplus, sub } from '../backend/ops.js';
import type { Reduced } from '../backend/types.js';
import { checkValues } from '../internal/checks.js';
import { atMostZero } from '../internal/domains.js';
import { readOptions } from '../internal/options.js';
import {
  checkLists,
  counted,
  FAR_BELOW,
  isSecondBehind,
  lossOfLists,
  pairDifferences,
  secondOfPairs,
  selectPairs,
  sumOfCandidates,
  type RewardedLists,
} from '../logprobs/lists.js';
import { noneAboveZero } from '../logprobs/pairs.js';

/**
 * PRO (Preference Ranking Optimization), one value per list: each candidate against those behind it, log-probs scaled by the
 * gaps of the rewards. No reference model is needed.
 *
 *     T_ki = rewards_k - rewards_i for i behind k      T_kk = the largest T_ki
 *     loss = sum over k but the last of (log(e^(A_k * T_kk) + sum over i behind k of e^(A_i * T_ki)) - A_k * T_kk)
 *
 * with `A = policy`. T is the reciprocal of the paper's temperature. With w_k the softmax of the exponents of term k, the
 * gradient with respect to `A_i` is `sum over k before i of w_ki * T_ki - (1 - w_ii) * T_ii`, without the last part for the
 * last candidate.
 *
 * The order is not checked: if a candidate has a smaller reward than all behind it, its T are negative and the loss prefers
 * a lower log-prob for it.
 *
 * The authors' code was read, not executed: it is part of their training loop. It adds 1e-10 inside the logarithm. The paper
 * also adds the negative log-likelihood of the best candidate: see `nll`.
 *
 * @param batch - Mean log-probs in nats per token and rewards, `[B, K]`, best first, and a mask if lists differ in length;
 *   see {@link RewardedLists}.
 * @param options - None; any option is an error.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, an option is given, a log-prob is above 0 by more
 *   than rounding (1e-3), or the mask holds anything but 0 and 1. Where values cannot be read synchronously (WebGPU, WebGL),
 *   the loss of such a list is NaN.
 *
 * @example
 * ```ts
 * import { pro } from 'prefloss';
 * const loss = pro({ policy: [[-0.5, -1, -1.5]], rewards: [[2, 1, 0]] });
 * console.log(loss[0]!.toFixed(7)); // 1.2327007
 * ```
 *
 * @see Song et al., "Preference Ranking Optimization for Human Alignment", 2023. https://arxiv.org/abs/2306.17492
 */
export function pro<T>(batch: RewardedLists<T>, options: Readonly<Record<string, never>> = {}): Reduced<T> {
  const like = checkLists('pro', batch, ['policy', 'rewards']);
  const { mask } = batch;
  readOptions('pro', options, like, {});
  return lossOfLists(like, () => {
    const given = counted(batch.policy, mask);
    checkValues('pro', { name: 'policy', value: given }, atMostZero);
    const logps = noneAboveZero(given);
    const rewards = counted(batch.rewards, mask);
    const behind = isSecondBehind(logps);
    const gaps = pairDifferences(rewards);
    const largest = max(selectPairs(behind, gaps, mask, FAR_BELOW), -1) as T;
    // The last candidate has none behind it: its term is log(1 + e^x) = 0, with x = -1e30 * (1 - A) and A at most 0.
    const own = mul(logps, largest);
    const others = selectPairs(behind, mul(secondOfPairs(logps), gaps), mask, FAR_BELOW);
    return sumOfCandidates(softplus(sub(logSumExp(others) as T, own)), mask);
  });
}
