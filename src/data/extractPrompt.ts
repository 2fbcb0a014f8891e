import type { Message, PreferenceRow } from './rows.js';
import { pairOfSides } from './rows.js';

/** A preference row with a separate prompt, as strings or as messages. */
export interface PromptedRow {
  /** The prompt that both sides answer. */
  readonly prompt: string | readonly Message[];
  /** The preferred completion. */
  readonly chosen: string | readonly Message[];
  /** The other completion. */
  readonly rejected: string | readonly Message[];
}

/**
 * Splits off the prompt of a preference row whose sides both contain it. The prompt is the longest common prefix of the two sides, in
 * whole messages or in characters. A space before the completions stays with the completions, where most tokenizers expect it.
 *
 * A row that has a prompt is returned unchanged. If one side is a prefix of the other, nothing is left of it and `extractPrompt` throws;
 * TRL's `extract_prompt` instead leaves the last common message or character out of the prompt.
 *
 * @param row - A row whose sides contain the prompt, see {@link PreferenceRow}.
 * @returns The row with `prompt`, `chosen` and `rejected`; other fields are unchanged.
 * @throws RangeError if a field is missing or empty, roles are out of order, or one side is a prefix of the other.
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
  pairOfSides(at, row);
  const { prompt, chosen, rejected } = row;
  if (prompt !== undefined && (prompt as unknown) !== null) return row as Row & PromptedRow;
  if (typeof chosen !== typeof rejected)
    throw new RangeError(`${at}: chosen and rejected must both be strings or both be lists of messages`);
  const end = typeof chosen === 'string' ? commonText(chosen, rejected as string) : commonTurns(chosen, rejected as readonly Message[]);
  for (const [name, side, other] of [
    ['chosen', chosen, 'rejected'],
    ['rejected', rejected, 'chosen'],
  ] as const) {
    const left = side.slice(end);
    if (left.length === 0 || (typeof left === 'string' && left.trim() === ''))
      throw new RangeError(`${at}: nothing is left of ${name} after the prompt that it shares with ${other}`);
  }
  return { ...row, prompt: chosen.slice(0, end), chosen: chosen.slice(end), rejected: rejected.slice(end) };
}

/** Length of the common prefix of two strings, without a final space. */
function commonText(a: string, b: string): number {
  let end = 0;
  while (end < a.length && a[end] === b[end]) end++;
  // Do not split a surrogate pair.
  if (end > 0 && /[\uD800-\uDBFF]/.test(a[end - 1]!)) end--;
  return end > 0 && a[end - 1] === ' ' ? end - 1 : end;
}

function commonTurns(a: readonly Message[], b: readonly Message[]): number {
  let end = 0;
  while (end < a.length && end < b.length && textOf(a[end]!) === textOf(b[end]!)) end++;
  return end;
}

/** A message as a string that does not depend on the order of its fields. */
const textOf = (message: Message): string => JSON.stringify(Object.entries(message).sort(([a], [b]) => (a < b ? -1 : 1)));
