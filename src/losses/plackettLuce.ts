import { logSumExp, softplus, sub } from '../backend/ops.js';
import type { Reduced } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import {
  checkLists,
  FAR_BELOW,
  isSecondBehind,
  listRewards,
  lossOfLists,
  secondOfPairs,
  selectPairs,
  sumOfCandidates,
  type ListLogps,
} from '../logprobs/lists.js';

/** Hyperparameters of {@link plackettLuce}. */
export interface PlackettLuceOptions {
  /** Strength of the implicit KL penalty, positive. Default 0.1. */
  readonly beta?: number;
}

/**
 * DPO for rankings by the Plackett-Luce model, one value per list: the negative log-likelihood of picking the candidates in
 * their order, each from those that are left.
 *
 *     r    = beta * (policy - reference)
 *     loss = -sum over k of (r_k - log sum over j from k to K of e^(r_j))
 *
 * The loss is `ln K!` where policy and reference agree, and {@link dpo} at K = 2. Its gradient with respect to `policy_j` is
 * `beta * (sum over k <= j of softmax(r_k, r_k+1, ...)_j - 1)`.
 *
 * @param batch - Summed log-probs in nats, `[B, K]`, best first, and a mask if lists differ in length; see {@link ListLogps}.
 * @param options - See {@link PlackettLuceOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, beta is not positive, or the mask holds anything
 *   but 0 and 1. Where values cannot be read synchronously (WebGPU, WebGL), the loss of such a list is NaN.
 *
 * @example
 * ```ts
 * import { plackettLuce } from 'prefloss';
 * const loss = plackettLuce({ policy: [[-10, -12, -13]], reference: [[-11, -11, -11]] });
 * console.log(loss[0]!.toFixed(7)); // 1.5842277
 * ```
 *
 * @see Rafailov et al., "Direct Preference Optimization", 2023, appendix A.3. https://arxiv.org/abs/2305.18290
 */
export function plackettLuce<T>(batch: ListLogps<T>, options: PlackettLuceOptions = {}): Reduced<T> {
  const like = checkLists('plackettLuce', batch, ['policy', 'reference']);
  const { mask } = batch;
  const { beta } = readOptions('plackettLuce', options, like, { beta: number(positive, 0.1) });
  return lossOfLists(like, () => {
    const rewards = listRewards(batch, beta);
    // Each candidate against all behind it together. The last one has none behind it, and its term is 0.
    const others = selectPairs(isSecondBehind(rewards), secondOfPairs(rewards), mask, FAR_BELOW);
    return sumOfCandidates(softplus(sub(logSumExp(others) as T, rewards)), mask);
  });
}
