import { checkChoice, checkNumber } from '../internal/checks.js';
import { counting } from '../internal/domains.js';
import type { Pair } from '../logprobs/pairs.js';
import { BadRow } from './rows.js';
import type { Sequence } from './sequence.js';

/** How long a row may be, and what to do with one that is longer. */
export interface TruncationOptions {
  /** Most tokens of a row, prompt and completion together, an integer from 1 on. Default: any number. */
  readonly maxLength?: number;
  /**
   * What to keep of a longer row: its start, or its end, where both sides of a pair lose the same part of what they share. A row that
   * keeps no token of a completion, or no difference, is left out and reported. Left out, a longer row is an error.
   */
  readonly truncation?: 'keepStart' | 'keepEnd';
}

/** Checks how long a row may be and how to truncate. */
export function checkTruncation(fn: string, { maxLength, truncation }: TruncationOptions): void {
  if (maxLength !== undefined) checkNumber(fn, 'maxLength', maxLength, counting);
  if (truncation === undefined) return;
  checkChoice(fn, 'truncation', truncation, ['keepStart', 'keepEnd']);
  if (maxLength === undefined) throw new RangeError(`${fn}: truncation would be ignored without maxLength`);
}

const part = ({ tokens, mask }: Sequence, start: number, end?: number): Sequence => ({
  tokens: tokens.slice(start, end),
  mask: mask.slice(start, end),
});

/** Whether a token counts that is predicted from another one: the first is predicted from nothing. */
export const counts = ({ mask }: Sequence): boolean => mask.includes(1, 1);

/** How many tokens both sides begin with. */
function lengthOfSharedStart({ chosen, rejected }: Pair<Sequence>): number {
  const differs = chosen.tokens.findIndex((id, t) => id !== rejected.tokens[t]);
  return differs < 0 ? chosen.tokens.length : differs;
}

/** The sequence within the limit, or nothing if no counted token is left. */
export function truncateSequence(at: string, sequence: Sequence, options: TruncationOptions): Sequence | undefined {
  return truncatePair(at, { chosen: sequence, rejected: sequence }, options)?.chosen;
}

/** Both sides within the limit, or nothing if one of them keeps no counted token. */
export function truncatePair(at: string, pair: Pair<Sequence>, { maxLength, truncation }: TruncationOptions): Pair<Sequence> | undefined {
  const { chosen, rejected } = pair;
  const longest = Math.max(chosen.tokens.length, rejected.tokens.length);
  if (maxLength === undefined || longest <= maxLength) return pair;
  if (truncation === undefined) throw new BadRow(at, '', `has ${longest} tokens, expected at most ${maxLength}, or the option truncation`);
  const cut = Math.min(longest - maxLength, lengthOfSharedStart(pair));
  const side = (whole: Sequence): Sequence =>
    truncation === 'keepStart' ? part(whole, 0, maxLength) : part(whole, Math.max(cut, whole.tokens.length - maxLength));
  const short = { chosen: side(chosen), rejected: side(rejected) };
  return counts(short.chosen) && counts(short.rejected) ? short : undefined;
}
