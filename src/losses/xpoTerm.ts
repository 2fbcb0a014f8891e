import { mul, scope } from '../backend/ops.js';
import { checkTensor } from '../internal/checks.js';
import { notNegative } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';

/** Hyperparameters of {@link xpoTerm}. */
export interface XpoTermOptions {
  /** Weight of the exploration bonus, at least 0. Default 1e-5. */
  readonly alpha?: number;
}

/**
 * The exploration term of XPO (Exploratory Preference Optimization), one value per pair. Add it to {@link dpo} or {@link ipo} in
 * online training.
 *
 *     term = alpha * logps      with logps the policy's log-probs of completions sampled from the reference
 *
 * Its gradient with respect to `logps` is alpha: the policy becomes less likely to write what the reference writes. This is the
 * term of the paper and of TRL. mlx-lm-lora has a different one: it subtracts alpha times the log-ratios of both completions of
 * the pair, which are sampled from the policy, so they become more likely.
 *
 * @param logps - Summed log-probs, in nats, under the policy, of completions sampled from the reference, `[B]`.
 * @param options - See {@link XpoTermOptions}.
 * @returns The terms `[B]`, at most 0 for log-probs of at most 0.
 * @throws RangeError if logps is not of rank 1 or alpha is negative.
 *
 * @example
 * ```ts
 * import { xpoTerm } from 'prefloss';
 * console.log(xpoTerm([-40, -8], { alpha: 0.5 })); // [ -20, -4 ]
 * ```
 *
 * @see Xie et al., "Exploratory Preference Optimization: Harnessing Implicit Q*-Approximation for Sample-Efficient RLHF", 2024,
 *   algorithm 1. https://arxiv.org/abs/2405.21046
 */
export function xpoTerm<T>(logps: T, options: XpoTermOptions = {}): T {
  const like = checkTensor('xpoTerm', 'logps', logps, { rank: 1 });
  const { alpha } = readOptions('xpoTerm', options, like, { alpha: number(notNegative, 1e-5) });
  return scope(logps, () => mul(logps, alpha));
}
