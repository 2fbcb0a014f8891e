import { cast, div, neg, scope, sum, where } from '../backend/ops.js';
import type { OrPlain, Reduced, ScalarOf } from '../backend/types.js';
import { checkTensor } from '../internal/checks.js';
import { notNegative } from '../internal/domains.js';
import { choice, number, optional, readOptions } from '../internal/options.js';
import { oneForZero } from '../logprobs/reduceTokens.js';
import { checkMask, counted } from '../masking/maskedReductions.js';
import { countedWeights, tokenWeights, weighted } from '../masking/tokenWeights.js';

/** Options of {@link nll}. */
export interface NllOptions<T = unknown> {
  /**
   * The mean to take. `'token'`: over all counted tokens of the batch. `'none'`: over the counted tokens of each sequence.
   * `'sequence'`: over the values of `'none'` without empty rows, whose weights are all 0 or do not count. Default `'token'`.
   */
  readonly reduction?: 'token' | 'sequence' | 'none';
  /**
   * Number to divide by, at least 0, only for `'token'`: the token count of the whole batch if this is a part; 0, of a batch
   * without counted tokens, divides by 1. With weights, it is the sum of the weights of the counted tokens. Default: that of this
   * batch.
   */
  readonly tokenCount?: number;
  /** Weights of the tokens, finite and not negative, `[B, T]`; data, without gradient. By default, each token weighs 1. */
  readonly weights?: OrPlain<T>;
}

/**
 * Negative log-likelihood of the counted tokens: the loss of supervised fine-tuning, and a term of ORPO, CPO and DPO variants.
 *
 *     token:    -(sum of counted logps) / (number of counted tokens in the batch)      a scalar
 *     none:     -(mean of counted logps of row b)                                      [B]
 *     sequence: mean of `none` over the rows with counted tokens                       a scalar
 *
 * With weights, each counted log-prob is multiplied by its weight, and the number of counted tokens is the sum of their weights.
 *
 * Trainers differ: TRL and OpenRLHF's packed form average over tokens, others over sequences. A row or a batch without
 * counted tokens gives 0 with zero gradient. For a batch in parts, pass each part the `tokenCount` of the whole batch: the
 * values and gradients of the parts then add up to those of the whole.
 *
 * @param logps - Token log-probs in nats, `[B, T]`.
 * @param mask - 1 for counted tokens, `[B, T]`.
 * @param options - See {@link NllOptions}.
 * @returns A scalar, or `[B]` for `'none'`; in nats per token.
 * @throws RangeError if shapes differ, an option is outside its range, `tokenCount` is given with another reduction, the mask
 *   holds anything but 0 and 1, or a weight is negative or not finite. Where values cannot be read synchronously (WebGPU, WebGL), such a
 *   mask, or such a weight of a counted token, makes the result NaN (for `'none'`, the value of that row).
 *
 * @example
 * ```ts
 * import { nll } from 'prefloss';
 * const logps = [[-1, -2, -3], [-4, 0, 0]];
 * const mask = [[1, 1, 1], [1, 0, 0]];
 * console.log(nll(logps, mask), nll(logps, mask, { reduction: 'sequence' })); // 2.5 3
 * console.log(nll(logps, mask, { weights: [[1, 1, 0], [2, 1, 1]] })); // 2.75
 * ```
 */
export function nll<T>(logps: T, mask: OrPlain<NoInfer<T>>, options: NllOptions<NoInfer<T>> & { readonly reduction: 'none' }): Reduced<T>;
export function nll<T>(
  logps: T,
  mask: OrPlain<NoInfer<T>>,
  options?: NllOptions<NoInfer<T>> & { readonly reduction?: 'token' | 'sequence' },
): ScalarOf<T>;
export function nll<T>(logps: T, mask: OrPlain<NoInfer<T>>, options: NllOptions<NoInfer<T>> = {}): unknown {
  const like = checkTensor('nll', 'logps', logps, { rank: 2 });
  const { reduction, tokenCount, weights } = readOptions('nll', options, like, {
    reduction: choice(['token', 'sequence', 'none']),
    tokenCount: optional(number(notNegative)),
    weights: optional(tokenWeights),
  });
  checkMask('nll', mask, like);
  if (tokenCount !== undefined && reduction !== 'token') {
    throw new RangeError(`nll: tokenCount would be ignored with the reduction '${reduction}'`);
  }
  return scope(logps, () => {
    const own = weights === undefined ? undefined : countedWeights(logps, weights as T, mask);
    const terms = own === undefined ? counted(logps, mask) : weighted(logps, own);
    const sizes = own ?? cast(mask as T, 'float');
    if (reduction === 'token') return neg(div(sum(terms), tokenCount === undefined ? oneForZero(sum(sizes)) : tokenCount || 1));
    const ofRows = sum(sizes, -1);
    const perRow = neg(div(sum(terms, -1), oneForZero(ofRows)));
    if (reduction === 'none') return perRow;
    return div(sum(perRow), oneForZero(sum(where(ofRows, 1, 0))));
  });
}
