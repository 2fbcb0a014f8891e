import { div, exp, mul, neg, scope } from '../backend/ops.js';
import type { Reduced } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { checkLists, listRewards, logSoftmaxOfCandidates, sumOfCandidates, type RewardedListLogps } from '../logprobs/lists.js';

/** Hyperparameters of {@link infoNca}. */
export interface InfoNcaOptions {
  /** Strength of the implicit KL penalty, positive. Default 0.1. */
  readonly beta?: number;
  /** Temperature of the rewards, positive (alpha in the paper and in its code). Default 1. */
  readonly tau?: number;
}

/**
 * InfoNCA (Noise Contrastive Alignment with explicit rewards) on K candidates, one value per list: the cross entropy of q, the
 * policy's distribution over the candidates, relative to p, the distribution given by the rewards. The code of EXO's authors
 * calls it `dpo-rw`.
 *
 *     q    = softmax(beta * (policy - reference))
 *     p    = softmax(rewards / tau)
 *     loss = -sum over k of p_k * log q_k
 *
 * It is `ln K` for K candidates where policy and reference agree. Its gradient with respect to `policy_k` is
 * `beta * (q_k - p_k)`. With two candidates, the limit of an infinite reward gap is {@link dpo}. InfoNCA minimizes the forward
 * KL divergence KL(p || q), {@link exo} the reverse.
 *
 * @param batch - Summed log-probs in nats and rewards, `[B, K]`, in any order, and a mask if lists differ in length;
 *   see {@link RewardedListLogps}.
 * @param options - See {@link InfoNcaOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, an option is not positive, or the mask holds
 *   anything but 0 and 1. Where values cannot be read synchronously (WebGPU, WebGL), the loss of such a list is NaN.
 *
 * @example
 * ```ts
 * import { infoNca } from 'prefloss';
 * const loss = infoNca({ policy: [[-10, -12, -13]], reference: [[-11, -11, -11]], rewards: [[2, 1, 0]] });
 * console.log(loss[0]!.toFixed(7)); // 1.0157859
 * ```
 *
 * @see Chen et al., "Noise Contrastive Alignment of Language Models with Explicit Rewards", 2024. https://arxiv.org/abs/2402.05369
 */
export function infoNca<T>(batch: RewardedListLogps<T>, options: InfoNcaOptions = {}): Reduced<T> {
  const like = checkLists('infoNca', batch, ['policy', 'reference', 'rewards']);
  const { policy, rewards, mask } = batch;
  return scope(policy, () => {
    const { beta, tau } = readOptions('infoNca', options, like, { beta: number(positive, 0.1), tau: number(positive, 1) });
    const logQ = logSoftmaxOfCandidates(listRewards(batch, beta), mask);
    const p = exp(logSoftmaxOfCandidates(div(rewards, tau), mask));
    return neg(sumOfCandidates(mul(logQ, p), mask));
  });
}
