import { checkChoice, checkNumber } from '../internal/checks.js';
import { positiveInteger } from '../internal/domains.js';
import type { Pair } from '../logprobs/pairs.js';
import { BadRow } from './badRow.js';
import { counts, type Sequence } from './sequence.js';
import { commonStart } from './tokenIds.js';

/** Maximum length of a row, and what to do with longer rows. */
export interface TruncationOptions {
  /** Maximum number of tokens of a row, prompt and completion together, a positive integer. If omitted, there is no maximum. */
  readonly maxLength?: number;
  /**
   * Which end of a longer row to keep. With `keepEnd`, both sides of a pair lose the same tokens of the start that they share, as long as
   * some of it remains: sides with different prompts would be compared under different conditions, and what depends on the prompt alone
   * would not cancel. If the longer side leaves no room for it, each side keeps as many of its own last tokens as fit, so that a short
   * answer keeps its prompt; `promptless` lists such rows. `encodePairs` and `encodeUnpaired` drop and report rows that truncation leaves without a counted token to predict or with equal sides.
   * If omitted, a longer row is an error.
   */
  readonly truncation?: 'keepStart' | 'keepEnd';
}

/** Checks the truncation options. */
export function checkTruncation(fn: string, { maxLength, truncation }: TruncationOptions): void {
  if (maxLength !== undefined) checkNumber(fn, 'maxLength', maxLength, positiveInteger);
  if (truncation === undefined) return;
  checkChoice(fn, 'truncation', truncation, ['keepStart', 'keepEnd']);
  if (maxLength === undefined) throw new RangeError(`${fn}: truncation would be ignored without maxLength`);
}

/** Returns the length of the longest side of a row, which must not be too long, unless it is to be cut. */
export function checkLength(at: string, lengths: readonly number[], { maxLength = Infinity, truncation }: TruncationOptions): number {
  const longest = Math.max(...lengths);
  if (longest <= maxLength || truncation !== undefined) return longest;
  throw new BadRow(at, '', `has ${longest} tokens, expected at most ${maxLength}; set truncation to cut longer rows`);
}

const part = ({ tokens, mask, weights }: Sequence, start: number, end?: number): Sequence => ({
  tokens: tokens.slice(start, end),
  mask: mask.slice(start, end),
  ...(weights && { weights: weights.slice(start, end) }),
});

/** Number of tokens that both sides start with, without those of the answers in which they differ. */
function lengthOfSharedStart({ chosen, rejected }: Pair<Sequence>): number {
  const end = commonStart(chosen.tokens, rejected.tokens);
  const startOfAnswer = ({ mask }: Sequence) => (mask[end] === 1 ? mask.lastIndexOf(0, end) + 1 : end);
  return Math.min(startOfAnswer(chosen), startOfAnswer(rejected));
}

/** The truncated sequence, or undefined if `counts` is false for it. */
export function truncateSequence(at: string, sequence: Sequence, options: TruncationOptions): Sequence | undefined {
  return truncatePair(at, { chosen: sequence, rejected: sequence }, options)?.chosen;
}

/** Both sides truncated, or undefined if `counts` is false for one of them. */
export function truncatePair(at: string, pair: Pair<Sequence>, options: TruncationOptions): Pair<Sequence> | undefined {
  const { maxLength, truncation } = options;
  const { chosen, rejected } = pair;
  const longest = checkLength(at, [chosen.tokens.length, rejected.tokens.length], options);
  if (maxLength === undefined || longest <= maxLength) return pair;
  const excess = longest - maxLength;
  const cut = excess < lengthOfSharedStart(pair) ? excess : 0;
  const side = (whole: Sequence): Sequence =>
    truncation === 'keepStart' ? part(whole, 0, maxLength) : part(whole, Math.max(cut, whole.tokens.length - maxLength));
  const short = { chosen: side(chosen), rejected: side(rejected) };
  return counts(short.chosen) && counts(short.rejected) ? short : undefined;
}
