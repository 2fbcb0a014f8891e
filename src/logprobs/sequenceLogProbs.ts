import { scope } from '../backend/ops.js';
import { checkTensor } from '../internal/checks.js';
import { choice, readOptions } from '../internal/options.js';
import type { Reduced } from '../backend/types.js';
import { checkMask, meanOfCounted, sumOfCounted } from '../masking/maskedReductions.js';

/** Options of {@link sequenceLogProbs}. */
export interface SequenceLogProbsOptions {
  /** `'sum'` gives the log-prob of the whole completion, `'mean'` its mean per counted token. Default `'sum'`. */
  readonly reduction?: 'sum' | 'mean';
}

/**
 * Log-probs of completions from the log-probs of their tokens.
 *
 *     sum:  S[b] = sum over t of mask[b, t] * logp[b, t]
 *     mean: A[b] = S[b] / (number of counted tokens of b)
 *
 * Most losses take sums; ORPO, SimPO and others take means, see `logps` of each loss in `losses`. A completion without
 * counted tokens gives 0 with zero gradient. Masked tokens never affect value or gradient, not even -Infinity or NaN.
 *
 * @param logps - Token log-probs in nats, `[B, T]`.
 * @param mask - 1 for counted tokens, 0 for others, `[B, T]`; see `completionMask` and `maskFromLabels`.
 * @param options - See {@link SequenceLogProbsOptions}.
 * @returns `[B]`, in nats (sum) or nats per token (mean).
 * @throws RangeError if shapes differ, an option is unknown or out of range, or the mask holds anything but 0 and 1; on WebGPU
 *   and WebGL, the completion with such a mask becomes NaN instead.
 */
export function sequenceLogProbs<T>(logps: T, mask: T, options: SequenceLogProbsOptions = {}): Reduced<T> {
  const { reduction } = readOptions('sequenceLogProbs', options, undefined, { reduction: choice(['sum', 'mean']) });
  checkMask('sequenceLogProbs', mask, checkTensor('sequenceLogProbs', 'logps', logps, { rank: 2 }));
  return scope(logps, () => (reduction === 'sum' ? sumOfCounted(logps, mask, -1) : meanOfCounted(logps, mask, -1)) as Reduced<T>);
}
