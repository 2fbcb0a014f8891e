import { logSumExp, max, mul, scope, softplus, sub } from '../backend/ops.js';
import type { Less } from '../backend/types.js';
import { readOptions } from '../internal/options.js';
import {
  amongPairs,
  asFirst,
  asSecond,
  checkLists,
  counted,
  FAR_BELOW,
  isBehind,
  sumOfCandidates,
  type RewardedLists,
} from '../logprobs/lists.js';

/**
 * PRO (Preference Ranking Optimization), one value per list: each candidate against those behind it, with temperatures that
 * follow the gaps of the rewards. No reference model is needed.
 *
 *     T_ki = rewards_k - rewards_i for i behind k      T_kk = the largest T_ki
 *     loss = sum over k of (log(e^(A_k * T_kk) + sum over i behind k of e^(A_i * T_ki)) - A_k * T_kk)
 *
 * with `A = policy`. With w the softmax of each sum, its gradient with respect to `A_i` is
 * `sum over k before i of w_ki * T_ki - (1 - w_ii) * T_ii`.
 *
 * The authors' code, which was read and not executed, adds 1e-10 inside the logarithm; the likelihood of the best candidate
 * that the paper adds is `nll`.
 *
 * @param batch - Mean log-probs in nats per token and rewards, `[B, K]`, best first, and a mask where lists differ in length;
 *   see {@link RewardedLists}.
 * @param options - There are none: any that is given is an error.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, or an option is given.
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
export function pro<T>(batch: RewardedLists<T>, options: Readonly<Record<string, never>> = {}): Less<T> {
  const like = checkLists('pro', batch, ['policy', 'rewards']);
  const { mask } = batch;
  return scope(batch.policy, () => {
    readOptions('pro', options, like, {});
    const logps = counted(batch.policy, mask);
    const rewards = counted(batch.rewards, mask);
    const behind = isBehind(logps);
    const gaps = sub(asFirst(rewards), asSecond(rewards));
    const largest = max(amongPairs(behind, gaps, mask, FAR_BELOW), -1) as T;
    // The last candidate has none behind it: its term is log(1 + e^x) with x below -1e30, as log-probs are not positive.
    const own = mul(logps, largest);
    const others = amongPairs(behind, mul(asSecond(logps), gaps), mask, FAR_BELOW);
    return sumOfCandidates(softplus(sub(logSumExp(others) as T, own)), mask);
  });
}
