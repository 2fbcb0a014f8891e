import type { Message, PreferenceRow } from './rows.js';
import { sidesOf } from './rows.js';

/** A row with its prompt by itself; in text, or in messages. */
export interface PromptedRow {
  /** What both sides answer. */
  readonly prompt: string | readonly Message[];
  /** The preferred completion. */
  readonly chosen: string | readonly Message[];
  /** The other completion. */
  readonly rejected: string | readonly Message[];
}

/**
 * The prompt that both sides of a row begin with, and what is left of each: the longest common beginning, in whole messages or
 * in characters. A space in front of the completions stays with them, as most tokenizers want it.
 *
 * A row that has a prompt comes back as it is. TRL's function of this name leaves the last common token out of the prompt where
 * one side is the beginning of the other; here that row is an error, because nothing is left of that side.
 *
 * @param row - A row whose sides hold the prompt, see {@link PreferenceRow}.
 * @returns The row with `prompt`, `chosen` and `rejected`; other fields as they were.
 * @throws RangeError if a field is missing or empty, roles are out of order, or one side is the beginning of the other.
 *
 * @example
 * ```ts
 * import { extractPrompt } from 'prefloss';
 * const { prompt, chosen } = extractPrompt({ chosen: 'Is it? Yes.', rejected: 'Is it? No.' });
 * console.log([prompt, chosen].join('|')); // Is it?| Yes.
 * ```
 */
export function extractPrompt<Row extends PreferenceRow>(row: Row): Row & PromptedRow {
  const at = 'extractPrompt: row';
  sidesOf(at, row, ['chosen', 'rejected']);
  const { prompt, chosen, rejected } = row;
  if (prompt !== undefined && (prompt as unknown) !== null) return row as Row & PromptedRow;
  if (typeof chosen !== typeof rejected) throw new RangeError(`${at}: one side is a text and the other is not`);
  const end = typeof chosen === 'string' ? commonText(chosen, rejected as string) : commonTurns(chosen, rejected as readonly Message[]);
  for (const [name, side, other] of [
    ['chosen', chosen, 'rejected'],
    ['rejected', rejected, 'chosen'],
  ] as const) {
    const left = side.slice(end);
    if (left.length === 0 || (typeof left === 'string' && left.trim() === ''))
      throw new RangeError(`${at}: ${other} begins with ${name}, of which nothing is left`);
  }
  return { ...row, prompt: chosen.slice(0, end), chosen: chosen.slice(end), rejected: rejected.slice(end) };
}

/** Length of the common beginning of two texts. */
function commonText(a: string, b: string): number {
  let end = 0;
  while (end < a.length && a[end] === b[end]) end++;
  // Not between the halves of a character beyond 16 bits.
  if (end > 0 && /[\uD800-\uDBFF]/.test(a[end - 1]!)) end--;
  return end > 0 && a[end - 1] === ' ' ? end - 1 : end;
}

function commonTurns(a: readonly Message[], b: readonly Message[]): number {
  let end = 0;
  while (end < a.length && end < b.length && textOf(a[end]!) === textOf(b[end]!)) end++;
  return end;
}

/** A message as a text that does not depend on the order of its fields. */
const textOf = (message: Message): string => JSON.stringify(Object.entries(message).sort(([a], [b]) => (a < b ? -1 : 1)));
