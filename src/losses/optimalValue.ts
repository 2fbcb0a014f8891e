import { add, div, expm1, log1p, max, mean, mul, reshape, stopGradient, sub } from '../backend/ops.js';
import type { Reduced } from '../backend/types.js';
import { checkTensor, checkValues, poisonOutside } from '../internal/checks.js';
import { finite, positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { lossOfLists } from '../logprobs/lists.js';

/** Options of {@link optimalValue}. */
export interface OptimalValueOptions {
  /** Strength of the KL penalty, positive; `beta1` of A*-PO, 0.5 in TRL. Default 0.1. */
  readonly beta?: number;
}

/**
 * Estimate of the optimal value of each prompt, from the rewards of K completions that the reference sampled: the value V of the best
 * policy under a KL penalty, and with it the target `reward - V` of `regression` (A*-PO).
 *
 *     V = beta * log(mean over k of e^(reward_k / beta))
 *
 * V lies between the mean of the rewards, for a large beta, and the largest, for a small one. Its gradient with respect to the rewards
 * is their softmax at temperature beta.
 *
 * @param rewards - Finite rewards of K samples of each prompt, `[B, K]`.
 * @param options - See {@link OptimalValueOptions}.
 * @returns The values `[B]`, in the unit of the rewards.
 * @throws RangeError if rewards is not of rank 2, beta is not positive, or a reward is not finite. Where values cannot be read
 *   synchronously (WebGPU, WebGL), the value of such a prompt is NaN.
 *
 * @example
 * ```ts
 * import { optimalValue } from 'prefloss';
 * console.log(optimalValue([[1, 0, 0, 1]], { beta: 0.5 })[0]!.toFixed(7)); // 0.7168904
 * ```
 *
 * @see Brantley et al., "Accelerating RL for LLM Reasoning with Optimal Advantage Regression", 2025 (A*-PO).
 *   https://arxiv.org/abs/2505.20686
 */
export function optimalValue<T>(rewards: T, options: OptimalValueOptions = {}): Reduced<T> {
  const like = checkTensor('optimalValue', 'rewards', rewards, { rank: 2 });
  const { beta } = readOptions('optimalValue', options, like, { beta: number(positive, 0.1) });
  checkValues('optimalValue', like, finite);
  return lossOfLists(like, () => {
    const known = poisonOutside(rewards, finite);
    // The largest reward cancels in value and gradient. No exponent is above 0, and a large beta, where e^x is close to 1, loses no digits.
    const largest = stopGradient(max(known, -1));
    const exponents = div(sub(known, reshape<T>(largest, [like.shape[0]!, 1])), beta);
    return add(mul(log1p(mean(expm1(exponents), -1)), beta), largest);
  });
}
