import { add, cast, div, exp, maximum, mul, neg, reshape, scope, shape, softplus, sum } from '../backend/ops.js';
import type { Reduced } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { checkLists, listRewards, logSoftmaxOfCandidates, sumOfCandidates, type RewardedListLogps } from '../logprobs/lists.js';

/** Hyperparameters of {@link nca}. */
export interface NcaOptions {
  /** Strength of the implicit KL penalty, positive. Default 0.1. */
  readonly beta?: number;
  /** Temperature of the rewards, positive (alpha in the paper and in its code). Default 1. */
  readonly tau?: number;
}

/**
 * NCA (Noise Contrastive Alignment with explicit rewards) on K candidates, one value per list. It constrains each log-ratio
 * itself, not only differences between candidates.
 *
 *     r    = beta * (policy - reference)
 *     p    = softmax(rewards / tau)
 *     loss = -sum over k of (p_k * log sigmoid(r_k) + log sigmoid(-r_k) / K)
 *
 * with K the number of candidates that are not masked. The loss is 2 ln 2 where policy and reference agree. Its gradient with
 * respect to `policy_k` is `beta * (sigmoid(r_k) / K - p_k * sigmoid(-r_k))`, which is 0 at `r_k = ln(K * p_k)`: each r_k is
 * pulled to this value, from above as well as from below. At these values, candidates with p_k above 1 / K are more likely
 * than under the reference, and those with p_k below 1 / K less likely. {@link ncaPair} is K = 2 with `p = (1, 0)`.
 *
 * @param batch - Summed log-probs in nats and rewards, `[B, K]`, in any order, and a mask if lists differ in length;
 *   see {@link RewardedListLogps}.
 * @param options - See {@link NcaOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, an option is not positive, or the mask holds
 *   anything but 0 and 1. Where values cannot be read synchronously (WebGPU, WebGL), the loss of such a list is NaN.
 *
 * @example
 * ```ts
 * import { nca } from 'prefloss';
 * const loss = nca({ policy: [[-10, -12, -13]], reference: [[-11, -11, -11]], rewards: [[2, 1, 0]] });
 * console.log(loss[0]!.toFixed(7)); // 1.3450217
 * ```
 *
 * @see Chen et al., "Noise Contrastive Alignment of Language Models with Explicit Rewards", 2024. https://arxiv.org/abs/2402.05369
 */
export function nca<T>(batch: RewardedListLogps<T>, options: NcaOptions = {}): Reduced<T> {
  const like = checkLists('nca', batch, ['policy', 'reference', 'rewards']);
  const { policy, rewards, mask } = batch;
  return scope(policy, () => {
    const { beta, tau } = readOptions('nca', options, like, { beta: number(positive, 0.1), tau: number(positive, 1) });
    const r = listRewards(batch, beta);
    const p = exp(logSoftmaxOfCandidates(div(rewards, tau), mask));
    const noise = div(softplus(r), candidatesOf(policy, mask));
    return sumOfCandidates(add(mul(softplus(neg(r)), p), noise), mask);
  });
}

/** The number of candidates: K, or with a mask that of each row, `[B, 1]`. */
function candidatesOf<T>(policy: T, mask: T | undefined): T | number {
  const [rows, candidates] = shape(policy) as [number, number];
  return mask === undefined ? candidates : reshape<T>(maximum(sum(cast(mask, 'float'), -1), 1), [rows, 1]);
}
