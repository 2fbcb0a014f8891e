import { arange, cast, greater, greaterEqual, reshape, scope, where } from '../backend/ops.js';
import { checkFields, checkTensor, checkValues } from '../internal/checks.js';

/** Where the completion stands in each row of a right-padded batch. */
export interface CompletionSpans<T> {
  /** Number of prompt tokens, integers `[B]`. */
  readonly promptLengths: T;
  /** Number of tokens of prompt and completion together, integers `[B]`. */
  readonly lengths: T;
}

/**
 * The mask of completion tokens: 0 on the prompt, 1 on the completion, 0 on the padding to the right.
 *
 *     mask[b, t] = 1 for t from promptLengths[b] to lengths[b] - 1, else 0
 *
 * It is aligned with the input tokens: turn it into labels with `labelsFromMask` and shift those.
 *
 * @param spans - Lengths in tokens, see {@link CompletionSpans}.
 * @param time - T, the width of the batch.
 * @returns `[B, T]`, floats 1 and 0; a row whose prompt is as long as the row is all 0.
 * @throws RangeError if a length is outside `[0, T]` or the prompt is longer than the row, where values can be read; elsewhere
 *   that row becomes NaN.
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
  if (!(Number.isInteger(time) && time > 0)) throw new RangeError(`${fn}: time must be an integer > 0, got ${String(time)}`);
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

/** Checks that each prompt ends within its row. */
function checkPrompts(fn: string, prompts: ArrayLike<number>, lengths: ArrayLike<number>): void {
  for (let row = 0; row < prompts.length; row++) {
    const prompt = prompts[row]!;
    if (Number.isInteger(prompt) && prompt >= 0 && prompt <= lengths[row]!) continue;
    throw new RangeError(`${fn}: value ${row} of promptLengths must be an integer from 0 to the length of its row, got ${prompt}`);
  }
}
