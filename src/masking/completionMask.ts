import { numberIn } from '../backend/describe.js';
import { arange, cast, greater, greaterEqual, reshape, scope, where } from '../backend/ops.js';
import { checkFields, checkTensor, checkValues } from '../internal/checks.js';

/** Position of the completion in each row of a right-padded batch. */
export type CompletionSpans<T> = {
  /** Number of prompt tokens, integers `[B]`. */
  readonly promptLengths: T;
  /** Number of prompt and completion tokens together, integers `[B]`. */
  readonly lengths: T;
};

/**
 * Mask of the completion tokens: 0 on the prompt, 1 on the completion, 0 on the padding to its right.
 *
 *     mask[b, t] = 1 for t from promptLengths[b] to lengths[b] - 1, otherwise 0
 *
 * The mask is aligned with the input tokens: make labels from it with `labelsFromMask`, and shift them with `shiftLabels`.
 *
 * @param spans - Lengths in tokens, see {@link CompletionSpans}.
 * @param time - T, the width of the padded batch.
 * @returns Floats 0 and 1, `[B, T]`; all 0 in a row without completion tokens.
 * @throws RangeError if shapes differ, `time` is not a positive integer, a length is not an integer in `[0, T]`, or a prompt is
 *   longer than its row; on WebGPU and WebGL, a row with bad lengths becomes NaN instead.
 *
 * @example
 * ```ts
 * import { completionMask } from 'prefloss';
 * const mask = completionMask({ promptLengths: [1, 2], lengths: [3, 4] }, 4);
 * console.log(mask.join(' | ')); // 0,1,1,0 | 0,0,1,1
 * ```
 */
export function completionMask<T>(spans: CompletionSpans<T>, time: number): T extends readonly number[] ? number[][] : T {
  const fn = 'completionMask';
  checkFields(fn, 'spans', spans, ['promptLengths', 'lengths']);
  const { promptLengths, lengths } = spans;
  if (!(Number.isInteger(time) && time > 0)) throw new RangeError(`${fn}: time must be an integer > 0, got ${numberIn(time)}`);
  const ends = checkTensor(fn, 'lengths', lengths, { rank: 1, dtype: ['int'] });
  const starts = checkTensor(fn, 'promptLengths', promptLengths, { dtype: ['int'], like: ends });
  checkValues(fn, ends, { has: (v) => Number.isInteger(v) && v >= 0 && v <= time, words: `an integer in [0, ${time}]` });
  const [rows] = ends.shape as [number];
  const [prompt, total] = [starts, ends].map(({ backend, value }) => backend.peek(value));
  if (prompt && total) checkPrompts(fn, prompt, total);

  return scope(lengths, () => {
    const at = reshape<T>(arange<T>(lengths, time), [1, time]);
    const column = (x: T) => reshape<T>(x, [rows, 1]);
    const inside = where(greaterEqual(at, column(promptLengths)), greater(column(lengths), at), 0);
    const mask = cast(inside, 'float');
    if (total) return mask as never;
    const [from, to] = [column(promptLengths), column(lengths)];
    const fits = where(greaterEqual(from, 0), where(greaterEqual(to, from), greaterEqual(time, to), 0), 0);
    return where(fits, mask, NaN) as never;
  });
}

/** Checks that no prompt is longer than its row. */
function checkPrompts(fn: string, prompts: ArrayLike<number>, lengths: ArrayLike<number>): void {
  for (let row = 0; row < prompts.length; row++) {
    const prompt = prompts[row]!;
    if (Number.isInteger(prompt) && prompt >= 0 && prompt <= lengths[row]!) continue;
    throw new RangeError(`${fn}: value ${row} of promptLengths must be an integer from 0 to the length of its row, got ${prompt}`);
  }
}
