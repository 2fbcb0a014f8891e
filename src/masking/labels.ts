import { broadcastTo, cast, concat, constant, scope, shape, slice, where } from '../backend/ops.js';
import type { DType, OrPlain } from '../backend/types.js';
import { checkOptions, checkTensor } from '../internal/checks.js';
import { isCounted, NO_LABEL } from '../internal/labels.js';
import { checkIgnoreIndex, IGNORE_INDEX } from './ignoreIndex.js';
import { checkMask, maskHolds } from './maskedReductions.js';

/** Options of the functions that read or write ignored labels. */
export interface LabelOptions {
  /** The label of ignored tokens, an integer. Default {@link IGNORE_INDEX}, -100. */
  readonly ignoreIndex?: number;
}

function ignoreIndexOf(fn: string, options: LabelOptions): number {
  checkOptions(fn, options, ['ignoreIndex']);
  const { ignoreIndex = IGNORE_INDEX } = options;
  checkIgnoreIndex(fn, ignoreIndex);
  return ignoreIndex;
}

/**
 * Labels of the next tokens: each row is shifted one place to the left, and its last place is ignored.
 *
 *     shifted[b, t] = labels[b, t + 1]      ignoreIndex at t = T - 1
 *
 * Shift the labels instead of slicing the logits: a slice of `[B, T, V]` is a copy.
 *
 * @param labels - Integers `[B, T]`, aligned with the input tokens.
 * @param options - See {@link LabelOptions}.
 * @returns Integers `[B, T]`, aligned with the logits.
 * @throws RangeError if the labels are not of rank 2, or `ignoreIndex` is not an integer.
 *
 * @example
 * ```ts
 * import { shiftLabels } from 'prefloss';
 * console.log(shiftLabels([[5, 6, 7]])[0]); // 6,7,-100
 * ```
 */
export function shiftLabels<T>(labels: T, options: LabelOptions = {}): T {
  const ignoreIndex = ignoreIndexOf('shiftLabels', options);
  checkTensor('shiftLabels', 'labels', labels, { rank: 2, dtype: ['int'] });
  return scope(labels, () => shifted(labels, ignoreIndex));
}

/** Each row shifted one place to the left, with `last` at its end: {@link shiftLabels} without checks. */
export function shifted<T>(x: T, last: number, dtype: DType = 'int'): T {
  const [rows, time] = shape(x) as [number, number];
  const end = broadcastTo<T>(constant(x, last, dtype), [rows, 1]);
  return time === 1 ? end : concat([slice(x, 1, time, 1), end], 1);
}

/**
 * Labels from a mask: the token where the mask is 1, the ignored label where it is 0.
 *
 * @param tokens - Integers `[B, T]`.
 * @param mask - 1 for counted tokens, 0 for others, `[B, T]`; floats, integers or booleans.
 * @param options - See {@link LabelOptions}.
 * @returns Integers `[B, T]`, aligned with the tokens: use {@link shiftLabels} on them before `tokenLogProbs`.
 * @throws RangeError if shapes differ or the mask holds anything but 0 and 1; on WebGPU and WebGL, such a token instead gets a
 *   label that is out of range for any vocabulary, so that its log-prob is NaN.
 */
export function labelsFromMask<T>(tokens: T, mask: OrPlain<NoInfer<T>>, options: LabelOptions = {}): T {
  const ignoreIndex = ignoreIndexOf('labelsFromMask', options);
  const like = checkTensor('labelsFromMask', 'tokens', tokens, { rank: 2, dtype: ['int'] });
  checkMask('labelsFromMask', mask, like);
  return scope(tokens, () => labelsOfCounted(tokens, mask, ignoreIndex));
}

/** {@link labelsFromMask} without checks. */
export function labelsOfCounted<T>(tokens: T, mask: OrPlain<T>, ignoreIndex: number): T {
  const labels = where(mask, tokens, constant<T>(tokens, ignoreIndex, 'int'));
  const holds = maskHolds(mask);
  return holds === undefined ? labels : where(holds, labels, constant<T>(tokens, NO_LABEL, 'int'));
}

/**
 * Mask from labels: 1 where the label is not the ignored one. Recovers the mask given to {@link labelsFromMask}.
 *
 * @param labels - Integers `[B, T]`.
 * @param options - See {@link LabelOptions}.
 * @returns Floats 0 and 1, `[B, T]`.
 */
export function maskFromLabels<T>(labels: T, options: LabelOptions = {}): T {
  const ignoreIndex = ignoreIndexOf('maskFromLabels', options);
  checkTensor('maskFromLabels', 'labels', labels, { rank: 2, dtype: ['int'] });
  return scope(labels, () => cast(isCounted(labels, ignoreIndex), 'float'));
}
