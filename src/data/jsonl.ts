import { describe } from '../backend/describe.js';
import { checkChoice, checkOptions } from '../internal/checks.js';
import { labelledSide, pairOfSides, type PreferenceRow, type UnpairedRow } from './rows.js';

/** Options of {@link parseJsonl}. */
export interface JsonlOptions {
  /** Name of the text in error messages, for example the file name. Default `text`. */
  readonly name?: string;
  /** Kind of row that each line must hold: see {@link PreferenceRow} and {@link UnpairedRow}. If omitted, a line may be any JSON value. */
  readonly rows?: 'preference' | 'unpaired';
}

/**
 * Parses text with one JSON value per line. Blank lines are skipped.
 *
 * @param text - Content of the file.
 * @param options - See {@link JsonlOptions}. Without `rows`, malformed rows are left to {@link encodePairs} and its `dropBadRows`.
 * @returns One value for each line that is not blank.
 * @throws SyntaxError if a line is not JSON; the message names the line, counted from 1.
 * @throws RangeError if a line is not a row of the kind `rows`; the message names the line and the field.
 * @throws TypeError if `text` is not a string.
 *
 * @example
 * ```ts
 * import { parseJsonl } from 'prefloss';
 * const rows = parseJsonl('{"chosen": "Yes", "rejected": "No"}', { rows: 'preference' });
 * console.log(rows[0]!.chosen, parseJsonl('[1]\n[2]\n').length); // Yes 2
 * ```
 */
export function parseJsonl(text: string, options: JsonlOptions & { readonly rows: 'preference' }): PreferenceRow[];
export function parseJsonl(text: string, options: JsonlOptions & { readonly rows: 'unpaired' }): UnpairedRow[];
export function parseJsonl(text: string, options?: JsonlOptions): unknown[];
export function parseJsonl(text: string, options: JsonlOptions = {}): unknown[] {
  const fn = 'parseJsonl';
  if (typeof text !== 'string') throw new TypeError(`${fn}: text is ${describe(text)}, expected a string`);
  checkOptions(fn, options, ['name', 'rows']);
  const { name = 'text', rows } = options;
  if (typeof name !== 'string') throw new TypeError(`${fn}: name is ${describe(name)}, expected a string`);
  if (rows !== undefined) checkChoice(fn, 'rows', rows, ['preference', 'unpaired']);
  const values: unknown[] = [];
  // JSON.parse does not accept a byte order mark.
  text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .forEach((line, i) => {
      if (line.trim() === '') return;
      const at = `${fn}: line ${i + 1} of ${name}`;
      const value = parseLine(at, line);
      if (rows === 'preference') pairOfSides(at, value);
      if (rows === 'unpaired') labelledSide(at, value);
      values.push(value);
    });
  return values;
}

function parseLine(at: string, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new SyntaxError(`${at} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
