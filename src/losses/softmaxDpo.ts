import { add, logSumExp, reshape, shape, slice, softplus, sub, sum, where } from '../backend/ops.js';
import type { Reduced } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { maskHolds } from '../masking/maskedReductions.js';
import { checkLists, counted, FAR_BELOW, listRewards, lossOfLists, type ListLogps } from '../logprobs/lists.js';

/** Hyperparameters of {@link softmaxDpo}. */
export interface SoftmaxDpoOptions {
  /** Strength of the implicit KL penalty, positive. Default 0.1. */
  readonly beta?: number;
}

/**
 * Softmax-DPO (S-DPO), one value per list: the first candidate is chosen, all others are rejected.
 *
 *     r    = beta * (policy - reference)
 *     loss = log(1 + sum over all others j of e^(r_j - r_1))
 *
 * The loss is `ln K` where policy and reference agree, and {@link dpo} at K = 2. With `q = softmax(r)`, its gradient with
 * respect to `policy_1` is `-beta * (1 - q_1)`, with respect to another `policy_j` it is `beta * q_j`. With a mask, a list that
 * lacks the first candidate or all others gives 0.
 *
 * The authors' code gives Infinity if an exponent exceeds 709.78 in float64 or 88.72 in float32; this function is finite
 * wherever the exponents are.
 *
 * @param batch - Summed log-probs in nats, `[B, K]`, the chosen one first, and a mask if lists differ in length; see
 *   {@link ListLogps}.
 * @param options - See {@link SoftmaxDpoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, there are fewer than 2 candidates, beta is not positive, or the mask holds anything
 *   but 0 and 1. Where values cannot be read synchronously (WebGPU, WebGL), the loss of such a list is NaN.
 *
 * @example
 * ```ts
 * import { softmaxDpo } from 'prefloss';
 * const loss = softmaxDpo({ policy: [[-10, -12, -13]], reference: [[-11, -11, -11]] });
 * console.log(loss[0]!.toFixed(7)); // 0.9398311
 * ```
 *
 * @see Chen et al., "On Softmax Direct Preference Optimization for Recommendation", 2024. https://arxiv.org/abs/2406.09215
 */
export function softmaxDpo<T>(batch: ListLogps<T>, options: SoftmaxDpoOptions = {}): Reduced<T> {
  const like = checkLists('softmaxDpo', batch, ['policy', 'reference']);
  const { policy, mask } = batch;
  const { beta } = readOptions('softmaxDpo', options, like, { beta: number(positive, 0.1) });
  return lossOfLists(like, () => {
    const [rows, candidates] = shape(policy) as [number, number];
    const rewards = listRewards(batch, beta);
    const chosen = reshape<Reduced<T>>(slice(rewards, 0, 1, 1), [rows]);
    const isRejected = mask === undefined ? undefined : slice(mask, 1, candidates, 1);
    const rejected = logSumExp(counted(slice(rewards, 1, candidates, 1), isRejected, FAR_BELOW));
    const loss = softplus(sub<Reduced<T>>(rejected, chosen as never));
    if (mask === undefined) return loss;
    const isChosen = reshape<Reduced<T>>(slice(mask, 0, 1, 1), [rows]);
    const known = where(isChosen, loss, 0);
    const holds = maskHolds(mask);
    return holds === undefined ? known : add(known, sum(where(holds, 0, NaN), -1));
  });
}
