import { BadRow } from './badRow.js';
import { reading } from './columns.js';
import type { Message, PreferenceRow } from './rows.js';
import { pairOfSides, turnsOf } from './rows.js';

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
 * Splits off the prompt of a preference row whose sides both contain it. The prompt is what both sides start with, in whole messages or,
 * in text, in whole words and special tokens: `A pet? Cats.` and `A pet? Cars.` share `A pet?`. A space before the completions stays
 * with the completions, where most tokenizers expect it.
 *
 * A row that has a prompt is returned unchanged. If one side begins with the other, nothing is left of it and `extractPrompt` throws;
 * TRL's `extract_prompt` instead leaves the last common message or character out of the prompt.
 *
 * @param row - A row whose sides contain the prompt, see {@link PreferenceRow}.
 * @returns The row with `prompt`, `chosen` and `rejected`; other fields are unchanged.
 * @throws RangeError if a field is missing or empty, or one side begins with the other.
 *
 * @example
 * ```ts
 * import { extractPrompt } from 'prefloss';
 * const { prompt, chosen } = extractPrompt({ chosen: 'Is it? Yes.', rejected: 'Is it? No.' });
 * console.log([prompt, chosen].join('|')); // Is it?| Yes.
 * ```
 */
export const extractPrompt = <Row extends PreferenceRow>(row: Row): Row & PromptedRow => promptedRow('extractPrompt: row', row);

/** {@link extractPrompt}, with the start of its error messages. */
export function promptedRow<Row extends PreferenceRow>(at: string, row: Row): Row & PromptedRow {
  pairOfSides(at, row);
  return reading(at, () => splitRow(at, row));
}

function splitRow<Row extends PreferenceRow>(at: string, row: Row): Row & PromptedRow {
  if (row.prompt !== undefined && row.prompt !== null) return row as Row & PromptedRow;
  const [chosen, rejected] = [row.chosen, row.rejected].map((side) => (typeof side === 'string' ? side : turnsOf(side)));
  if (typeof chosen !== typeof rejected) throw new BadRow(at, 'chosen and rejected', 'must both be strings or both be lists of messages');
  const end = typeof chosen === 'string' ? commonText(chosen, rejected as string) : commonTurns(chosen!, rejected as readonly Message[]);
  for (const [name, side, other] of [
    ['chosen', chosen!, 'rejected'],
    ['rejected', rejected!, 'chosen'],
  ] as const) {
    const left = side.slice(end);
    if (left.length === 0 || (typeof left === 'string' && left.trim() === ''))
      throw new BadRow(at, other, `begins with ${name}, so nothing is left of ${name} after the prompt`);
  }
  return { ...row, prompt: chosen!.slice(0, end), chosen: chosen!.slice(end), rejected: rejected!.slice(end) };
}

/** Length of the text that two strings start with, in whole words, without a final space. */
function commonText(a: string, b: string): number {
  let end = 0;
  while (end < a.length && a[end] === b[end]) end++;
  // All of a side: nothing is left of it in any case.
  if (end === a.length || end === b.length) return end;
  for (let before = -1; before !== end;) {
    before = end;
    end = Math.min(startOfWord(a, end), startOfWord(b, end));
  }
  return end > 0 && a[end - 1] === ' ' ? end - 1 : end;
}

const WORDS = /* @__PURE__ */ new Intl.Segmenter('und', { granularity: 'word' });
/** Special tokens as chat templates write them. */
const SPECIAL = /<[^\s<>]+>|\[\/?[A-Z_]+\]/g;

/** The place itself, or the start of the word, the grapheme or the special token that it lies in. */
function startOfWord(text: string, place: number): number {
  if (place === 0) return 0;
  // Segmenting starts at the last white space, which is always a border.
  const from = text.lastIndexOf(' ', place - 1) + 1;
  const word = WORDS.segment(text.slice(from)).containing(place - from);
  const special = [...text.slice(from).matchAll(SPECIAL)].find(({ 0: { length }, index }) => index < place - from && place - from < index + length); // prettier-ignore
  return Math.min(word ? from + word.index : place, special ? from + special.index : place);
}

function commonTurns(a: readonly Message[], b: readonly Message[]): number {
  let end = 0;
  while (end < a.length && end < b.length && textOf(a[end]!) === textOf(b[end]!)) end++;
  return end;
}

/** A message as a string that does not depend on the order of its fields. */
const textOf = (message: Message): string => JSON.stringify(Object.entries(message).sort(([a], [b]) => (a < b ? -1 : 1)));
