import { backendOf } from '../backend/registry.js';
import { add, cast, equal, scope, shape, where } from '../backend/ops.js';
import type { OrPlain, Reduced } from '../backend/types.js';
import { checkTensor, checkUnused } from '../internal/checks.js';
import { choice, optional, readOptions, type Reader } from '../internal/options.js';
import { anyIgnoreIndex, checkIgnoreIndex, IGNORE_INDEX } from '../masking/ignoreIndex.js';
import { checkMask, counted } from '../masking/maskedReductions.js';
import { checkSegments, segmentMistakes, type Segments, type WithoutSegments } from '../masking/segments.js';
import { countedWeights, tokenWeights, weighted } from '../masking/tokenWeights.js';
import { reduceTokens } from './reduceTokens.js';

/** Options of {@link sequenceLogProbs}. */
export interface SequenceLogProbsOptions<T = unknown> {
  /** `'sum'` gives the log-prob of the whole completion, `'mean'` its mean per counted token. Default `'sum'`. */
  readonly reduction?: 'sum' | 'mean';
  /** Weights of the tokens, finite and not negative, `[B, T]`, aligned with `logps`; data, without gradient. By default, each token weighs 1. */
  readonly weights?: OrPlain<T>;
  /**
   * The labels that the log-probs were computed with, integers `[B, T]`, only to check the mask: if it counts a place whose label
   * is ignored, it was not shifted as the labels were.
   */
  readonly labels?: OrPlain<T>;
  /** The label of ignored tokens, an integer, only for `labels`. Default {@link IGNORE_INDEX}, -100. */
  readonly ignoreIndex?: number;
}

/**
 * Log-probs of completions from the log-probs of their tokens.
 *
 *     sum:  S[b] = sum over t of mask[b, t] * logp[b, t]
 *     mean: A[b] = S[b] / (number of counted tokens of b)
 *
 *     with weights w:  S[b] = sum over t of w[b, t] * mask[b, t] * logp[b, t]
 *                      A[b] = S[b] / (sum over t of w[b, t] * mask[b, t])
 *
 * Most losses take sums; ORPO, SimPO and others take means, see `logps` of each loss in `losses`. A completion without
 * counted tokens, or whose weights are all 0, gives 0 with zero gradient. Masked tokens and tokens of weight 0 never affect value
 * or gradient, not even -Infinity or NaN.
 *
 * TIS-DPO, step-wise DPO and a scale per message are such weights. TIS-DPO's authors divide their mean by the number of counted
 * tokens instead, so that it is not a mean of log-probs: multiply by `(sum of weights) / (number of tokens)` for theirs.
 *
 * @param logps - Token log-probs in nats, `[B, T]`.
 * @param mask - 1 for counted tokens, 0 for others, `[B, T]`; see `completionMask` and `maskFromLabels`.
 * @param options - See {@link SequenceLogProbsOptions}.
 * @returns `[B]`, in nats (sum) or nats per token (mean).
 * @throws RangeError if shapes differ, an option is unknown or out of range, the mask holds anything but 0 and 1, a weight is
 *   negative or not finite, or the mask counts a place whose label is ignored; on WebGPU and WebGL, the completion with such a mask or
 *   with such a weight of a counted token becomes NaN instead.
 *
 * @example
 * ```ts
 * import { sequenceLogProbs } from 'prefloss';
 * const [logps, mask] = [[[-1, -2, -4]], [[0, 1, 1]]];
 * console.log(sequenceLogProbs(logps, mask), sequenceLogProbs(logps, mask, { reduction: 'mean' })); // [ -6 ] [ -3 ]
 * console.log(sequenceLogProbs(logps, mask, { weights: [[1, 2, 0.5]] })); // [ -6 ]
 * ```
 *
 * @see Liu et al., "TIS-DPO: Token-level Importance Sampling for Direct Preference Optimization With Estimated Weights", 2024
 *   (weights). https://arxiv.org/abs/2410.04350
 */
export function sequenceLogProbs<T>(
  logps: T,
  mask: OrPlain<NoInfer<T>>,
  options?: SequenceLogProbsOptions<NoInfer<T>> & WithoutSegments,
): Reduced<T>;
/**
 * Log-probs of the completions of packed rows, one per segment: the same sums and means over the places of each segment.
 *
 * @param options - See {@link SequenceLogProbsOptions} and {@link Segments}. Segments may be aligned with the tokens or, shifted
 *   as the labels, with `logps`: at a place that counts, both are the same.
 * @returns `[B, count]`; 0 for a segment that a row does not have. `unpack` brings them into the order of the sequences.
 * @throws RangeError if the segments of a row are not numbered 1, 2, ... up to at most `count`, each in one piece, or the mask counts a
 *   place in padding; on WebGPU and WebGL, tensors cannot be read, and the row becomes NaN instead.
 *
 * @example
 * ```ts
 * import { sequenceLogProbs } from 'prefloss';
 * const segments = [[1, 1, 2, 2, 2, 0]];
 * console.log(sequenceLogProbs([[-1, -2, -3, -4, -5, -6]], [[0, 1, 0, 1, 1, 0]], { segments, count: 2 })); // [ [ -2, -9 ] ]
 * ```
 */
export function sequenceLogProbs<T>(
  logps: T,
  mask: OrPlain<NoInfer<T>>,
  options: SequenceLogProbsOptions<NoInfer<T>> & Segments<NoInfer<T>>,
): T;
export function sequenceLogProbs(
  logps: unknown,
  mask: unknown,
  options: SequenceLogProbsOptions & (Segments<unknown> | WithoutSegments) = {},
): unknown {
  const like = checkTensor(FN, 'logps', logps, { rank: 2 });
  const { reduction, weights, labels, ignoreIndex, segments, count } = readOptions(FN, options, like, {
    reduction: choice(['sum', 'mean']),
    weights: optional(tokenWeights),
    labels: optional(checkedLater),
    ignoreIndex: optional(anyIgnoreIndex),
    segments: optional(checkedLater),
    count: optional(checkedLater),
  });
  checkMask(FN, mask, like);
  if (labels === undefined) checkUnused(FN, options, ['ignoreIndex'], 'without labels');
  else checkTensor(FN, 'labels', labels, { like, orPlain: true, dtype: ['int'] });
  const ignored = ignoreIndex ?? IGNORE_INDEX;
  checkIgnoreIndex(FN, ignored);
  const packed = segments === undefined ? undefined : { segments, count: count as number };
  if (packed === undefined) checkUnused(FN, options, ['count'], 'without segments');
  else checkSegments(FN, packed, like);
  return scope(logps, () => {
    const own = weights === undefined ? undefined : countedWeights(logps, weights, mask);
    const terms = own === undefined ? counted(logps, mask) : weighted(logps, own);
    const checkedTerms = labels === undefined || checkShift(mask, labels, ignored) ? terms : add(terms, mistakes(mask, labels, ignored));
    const result = reduceTokens(checkedTerms, () => own ?? cast(mask, 'float'), { reduction, packed });
    const wrong = packed && segmentMistakes(FN, mask, packed, { canFirstCount: true });
    return wrong === undefined ? result : add(result, wrong);
  });
}

const FN = 'sequenceLogProbs';

/** `sequenceLogProbs` checks values itself, once it knows their shape. */
const checkedLater: Reader<unknown> = (_fn, _name, value) => value;

/** Checks that no counted place has an ignored label, if all can be read. Returns whether they can. */
function checkShift(mask: unknown, labels: unknown, ignored: number): boolean {
  const [counts, values] = [backendOf(mask).peek(mask), backendOf(labels).peek(labels)];
  if (!counts || !values) return false;
  const time = shape(labels)[1]!;
  for (let i = 0; i < values.length; i++) {
    if (counts[i] === 0 || values[i] !== ignored) continue;
    const place = `place ${i % time} of row ${Math.floor(i / time)}`;
    throw new RangeError(`${FN}: mask counts ${place}, whose label is ignored; shift the mask as the labels, see maskFromLabels`);
  }
  return true;
}

/** NaN at counted places whose label is ignored, 0 at all others, `[B, T]`. */
const mistakes = (mask: unknown, labels: unknown, ignored: number): unknown => where(mask, where(equal(labels, ignored), NaN, 0), 0);
