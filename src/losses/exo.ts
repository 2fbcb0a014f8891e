import { div, exp, maximum, mul, sub } from '../backend/ops.js';
import type { Reduced } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import {
  checkLists,
  FAR_BELOW,
  listRewards,
  logSoftmaxOfCandidates,
  lossOfLists,
  sumOfCandidates,
  type RewardedListLogps,
} from '../logprobs/lists.js';

/** Hyperparameters of {@link exo}. */
export interface ExoOptions {
  /** Strength of the implicit KL penalty, positive. Default 0.1. */
  readonly beta?: number;
  /** Temperature of the rewards, positive (beta_r in the paper). Default 1. */
  readonly tau?: number;
}

/**
 * EXO (Efficient Exact Optimization) on K candidates with rewards, one value per list: the reverse KL divergence KL(q || p),
 * with q the policy's distribution over the candidates and p the distribution given by the rewards.
 *
 *     q    = softmax(beta * (policy - reference))
 *     p    = softmax(rewards / tau)
 *     loss = sum over k of q_k * (log q_k - log p_k)
 *
 * It is 0 where the two distributions are equal. Its gradient with respect to `policy_k` is
 * `beta * q_k * (log q_k - log p_k - loss)`. {@link exoPair} is the case K = 2 with `p = (1 - e, e)`.
 *
 * @param batch - Summed log-probs in nats and rewards, `[B, K]`, in any order, and a mask if lists differ in length;
 *   see {@link RewardedListLogps}.
 * @param options - See {@link ExoOptions}.
 * @returns The losses `[B]`, at least 0 up to rounding.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, an option is not positive, or the mask holds
 *   anything but 0 and 1. Where values cannot be read synchronously (WebGPU, WebGL), the loss of such a list is NaN.
 *
 * @example
 * ```ts
 * import { exo } from 'prefloss';
 * const loss = exo({ policy: [[-10, -12, -13]], reference: [[-11, -11, -11]], rewards: [[2, 1, 0]] });
 * console.log(loss[0]!.toFixed(7)); // 0.2157096
 * ```
 *
 * @see Ji et al., "Towards Efficient Exact Optimization of Language Model Alignment", 2024. https://arxiv.org/abs/2402.00856
 */
export function exo<T>(batch: RewardedListLogps<T>, options: ExoOptions = {}): Reduced<T> {
  const like = checkLists('exo', batch, ['policy', 'reference', 'rewards']);
  const { rewards, mask } = batch;
  const { beta, tau } = readOptions('exo', options, like, { beta: number(positive, 0.1), tau: number(positive, 1) });
  return lossOfLists(like, () => {
    // Finite also for a log-prob of -Infinity, which counts for nothing: 0 * -Infinity is NaN.
    const logQ = maximum(logSoftmaxOfCandidates(listRewards(batch, beta), mask), FAR_BELOW);
    const logP = logSoftmaxOfCandidates(div(rewards, tau), mask);
    return sumOfCandidates(mul(exp(logQ), sub(logQ, logP)), mask);
  });
}
