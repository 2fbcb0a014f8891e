import { backendOf } from '../backend/registry.js';
import { add, equal, scope, shape, sum, where } from '../backend/ops.js';
import type { OrPlain, Reduced } from '../backend/types.js';
import { checkTensor, checkUnused } from '../internal/checks.js';
import { choice, optional, readOptions, type Reader } from '../internal/options.js';
import { anyIgnoreIndex, checkIgnoreIndex, IGNORE_INDEX } from '../masking/ignoreIndex.js';
import { checkMask, meanOfCounted, sumOfCounted } from '../masking/maskedReductions.js';

/** Options of {@link sequenceLogProbs}. */
export interface SequenceLogProbsOptions<T = unknown> {
  /** `'sum'` gives the log-prob of the whole completion, `'mean'` its mean per counted token. Default `'sum'`. */
  readonly reduction?: 'sum' | 'mean';
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
 * Most losses take sums; ORPO, SimPO and others take means, see `logps` of each loss in `losses`. A completion without
 * counted tokens gives 0 with zero gradient. Masked tokens never affect value or gradient, not even -Infinity or NaN.
 *
 * @param logps - Token log-probs in nats, `[B, T]`.
 * @param mask - 1 for counted tokens, 0 for others, `[B, T]`; see `completionMask` and `maskFromLabels`.
 * @param options - See {@link SequenceLogProbsOptions}.
 * @returns `[B]`, in nats (sum) or nats per token (mean).
 * @throws RangeError if shapes differ, an option is unknown or out of range, the mask holds anything but 0 and 1, or it counts a
 *   place whose label is ignored; on WebGPU and WebGL, the completion with such a mask becomes NaN instead.
 */
export function sequenceLogProbs<T>(logps: T, mask: OrPlain<NoInfer<T>>, options: SequenceLogProbsOptions<NoInfer<T>> = {}): Reduced<T> {
  const like = checkTensor(FN, 'logps', logps, { rank: 2 });
  const { reduction, labels, ignoreIndex } = readOptions(FN, options, like, {
    reduction: choice(['sum', 'mean']),
    labels: optional(anyLabels),
    ignoreIndex: optional(anyIgnoreIndex),
  });
  checkMask(FN, mask, like);
  if (labels === undefined) checkUnused(FN, options, ['ignoreIndex'], 'without labels');
  else checkTensor(FN, 'labels', labels, { like, orPlain: true, dtype: ['int'] });
  const ignored = ignoreIndex ?? IGNORE_INDEX;
  checkIgnoreIndex(FN, ignored);
  return scope(logps, () => {
    const total = (reduction === 'sum' ? sumOfCounted(logps, mask, -1) : meanOfCounted(logps, mask, -1)) as Reduced<T>;
    if (labels === undefined || checkShift(mask, labels, ignored)) return total;
    return add(total, sum(mistakes(mask, labels as T, ignored), -1));
  });
}

const FN = 'sequenceLogProbs';

/** `sequenceLogProbs` checks the labels itself, once it knows their shape. */
const anyLabels: Reader<unknown> = (_fn, _name, value) => value;

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
const mistakes = <T>(mask: unknown, labels: T, ignored: number): T => where(mask, where(equal(labels, ignored), NaN, 0), 0);
