import { cast, div, maximum, minimum, neg, scope, sum } from '../backend/ops.js';
import type { OrPlain, Reduced, ScalarOf } from '../backend/types.js';
import { checkTensor } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { choice, number, optional, readOptions } from '../internal/options.js';
import { checkMask, meanOfCounted, sumOfCounted } from '../masking/maskedReductions.js';

/** Options of {@link nll}. */
export interface NllOptions {
  /**
   * The mean to take. `'token'`: over all counted tokens of the batch. `'none'`: over the counted tokens of each sequence.
   * `'sequence'`: over the values of `'none'` without empty rows. Default `'token'`.
   */
  readonly reduction?: 'token' | 'sequence' | 'none';
  /**
   * Number to divide by, positive, only for `'token'`: the token count of the whole batch if this is a part. Default: the number
   * of tokens that the mask counts.
   */
  readonly tokenCount?: number;
}

/**
 * Negative log-likelihood of the counted tokens: the loss of supervised fine-tuning, and a term of ORPO, CPO and Iterative RPO.
 *
 *     token:    -(sum of counted logps) / (number of counted tokens in the batch)      a scalar
 *     none:     -(mean of counted logps of row b)                                      [B]
 *     sequence: mean of `none` over the rows with counted tokens                       a scalar
 *
 * Trainers differ: TRL and OpenRLHF's packed form average over tokens, others over sequences. A row or a batch without
 * counted tokens gives 0 with zero gradient. For a batch in parts, pass each part the `tokenCount` of the whole batch: the
 * values and gradients of the parts then add up to those of the whole.
 *
 * @param logps - Token log-probs in nats, `[B, T]`.
 * @param mask - 1 for counted tokens, `[B, T]`.
 * @param options - See {@link NllOptions}.
 * @returns A scalar, or `[B]` for `'none'`; in nats per token.
 * @throws RangeError if shapes differ, an option is outside its range, `tokenCount` is given with another reduction, or the
 *   mask holds anything but 0 and 1. Where values cannot be read synchronously (WebGPU, WebGL), such a mask makes the result NaN
 *   (for `'none'`, the value of that row).
 *
 * @example
 * ```ts
 * import { nll } from 'prefloss';
 * const logps = [[-1, -2, -3], [-4, 0, 0]];
 * const mask = [[1, 1, 1], [1, 0, 0]];
 * console.log(nll(logps, mask), nll(logps, mask, { reduction: 'sequence' })); // 2.5 3
 * ```
 */
export function nll<T>(logps: T, mask: OrPlain<NoInfer<T>>, options: NllOptions & { readonly reduction: 'none' }): Reduced<T>;
export function nll<T>(
  logps: T,
  mask: OrPlain<NoInfer<T>>,
  options?: NllOptions & { readonly reduction?: 'token' | 'sequence' },
): ScalarOf<T>;
export function nll<T>(logps: T, mask: OrPlain<NoInfer<T>>, options: NllOptions = {}): unknown {
  const like = checkTensor('nll', 'logps', logps, { rank: 2 });
  const { reduction, tokenCount } = readOptions('nll', options, like, {
    reduction: choice(['token', 'sequence', 'none']),
    tokenCount: optional(number(positive)),
  });
  checkMask('nll', mask, like);
  if (tokenCount !== undefined && reduction !== 'token') {
    throw new RangeError(`nll: tokenCount would be ignored with the reduction '${reduction}'`);
  }
  return scope(logps, () => {
    if (reduction === 'token') {
      return neg(tokenCount === undefined ? meanOfCounted(logps, mask) : div(sumOfCounted(logps, mask), tokenCount));
    }
    const perRow = neg(meanOfCounted(logps, mask, -1));
    if (reduction === 'none') return perRow;
    const rows = sum(minimum(sum(cast(mask, 'float'), -1), 1));
    return div(sum(perRow), maximum(rows, 1));
  });
}
