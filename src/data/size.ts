import { checkNumber } from '../internal/checks.js';
import { positiveInteger } from '../internal/domains.js';
import { BadRow } from './badRow.js';
import type { Side } from './rows.js';

/** Limits on what a row may hold before it is rendered and tokenized, so that one row cannot take all time and memory. */
export interface SizeOptions {
  /** Maximum number of messages of a side with its prompt, a positive integer. Default 1,000. */
  readonly maxTurns?: number;
  /**
   * Maximum number of characters of a side with its prompt and what the row passes to the chat template, in UTF-16 units, a positive
   * integer. Default 4,000,000.
   */
  readonly maxCharacters?: number;
}

/** Checks the options, and returns a check of a side. */
export function sizeCheck(
  fn: string,
  { maxTurns = 1000, maxCharacters = 4_000_000 }: SizeOptions,
): (at: string, name: string, side: Side, fields?: object) => void {
  checkNumber(fn, 'maxTurns', maxTurns, positiveInteger);
  checkNumber(fn, 'maxCharacters', maxCharacters, positiveInteger);
  return (at, name, side, fields) => {
    if (side.kind === 'chat' && side.messages.length > maxTurns) {
      throw new BadRow(at, name, `has ${side.messages.length} messages with its prompt, expected at most ${maxTurns}, the limit maxTurns`);
    }
    const characters = side.kind === 'text' ? side.prompt.length + side.completion.length : charactersOf([side.messages, fields]);
    if (characters <= maxCharacters) return;
    throw new BadRow(
      at,
      name,
      `has ${characters} characters with its prompt and what the template gets, expected at most ${maxCharacters}, the limit maxCharacters`,
    );
  };
}

/** The number of characters of all strings in plain data. */
function charactersOf(data: unknown): number {
  if (typeof data === 'string') return data.length;
  if (typeof data !== 'object' || data === null) return 0;
  return Object.values(data).reduce((sum: number, value) => sum + charactersOf(value), 0);
}
