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
 * The exploration term of XPO (Exploratory Preference Optimization), one value per pair, to be added to {@link dpo} or
 * {@link ipo} in online training.
 *
 *     term = alpha * logps      with log-probs under the policy of what the reference generated
 *
 * Making the reference's completions less likely drives the policy elsewhere. Its gradient with respect to `logps` is
 * alpha. TRL has this sign; mlx-lm-lora has the other one.
 *
 * @param logps - Summed log-probs under the policy, in nats, of completions that the reference sampled, `[B]`.
 * @param options - See {@link XpoTermOptions}.
 * @returns The terms `[B]`, at most 0.
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
