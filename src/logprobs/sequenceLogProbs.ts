import { scope } from '../backend/ops.js';
import { checkTensor } from '../internal/checks.js';
import { choice, readOptions } from '../internal/options.js';
import type { Less } from '../backend/types.js';
import { checkMask, meanOfCounted, sumOfCounted } from '../masking/maskedReductions.js';

/** Options of {@link sequenceLogProbs}. */
export interface SequenceLogProbsOptions {
  /** The log-probability of the whole completion, or its mean per token. Default `'sum'`. */
  readonly reduction?: 'sum' | 'mean';
}

/**
 * Log-probabilities of whole completions from those of their tokens.
 *
 *     sum:  S[b] = sum over t of mask[b, t] * logp[b, t]
 *     mean: A[b] = S[b] / (number of counted tokens of b)
 *
 * DPO and KTO are defined on sums, ORPO and SimPO on means; for IPO see there. A completion without tokens gives 0 with
 * zero gradient. What is masked out never spreads, not even -Infinity or NaN.
 *
 * @param logps - Token log-probs in nats, `[B, T]`.
 * @param mask - 1 for tokens that count, `[B, T]`; see `completionMask` and `maskFromLabels`.
 * @param options - See {@link SequenceLogProbsOptions}.
 * @returns `[B]`, in nats, or in nats per token.
 * @throws RangeError if shapes differ or the mask holds anything but 0 and 1; where it cannot be read, such a row
 *   becomes NaN.
 */
export function sequenceLogProbs<T>(logps: T, mask: T, options: SequenceLogProbsOptions = {}): Less<T> {
  const { reduction } = readOptions('sequenceLogProbs', options, undefined, { reduction: choice(['sum', 'mean']) });
  checkMask('sequenceLogProbs', mask, checkTensor('sequenceLogProbs', 'logps', logps, { rank: 2 }));
  return scope(logps, () => (reduction === 'sum' ? sumOfCounted(logps, mask, -1) : meanOfCounted(logps, mask, -1)) as Less<T>);
}
