import { describe } from '../backend/registry.js';

/**
 * Parses text with one JSON value per line. Blank lines are skipped.
 *
 * @param text - Content of the file.
 * @param name - Name of the text in error messages, for example the file name. Default `text`.
 * @returns One value for each line that is not blank.
 * @throws SyntaxError if a line is not JSON; the message names the line, counted from 1.
 *
 * @example
 * ```ts
 * import { parseJsonl } from 'prefloss';
 * console.log(parseJsonl('{"a": 1}\n{"a": 2}\n').length); // 2
 * ```
 */
export function parseJsonl(text: string, name = 'text'): unknown[] {
  if (typeof text !== 'string') throw new TypeError(`parseJsonl: text is ${describe(text)}, expected a string`);
  const values: unknown[] = [];
  // JSON.parse does not accept a byte order mark.
  text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .forEach((line, i) => {
      if (line.trim() === '') return;
      try {
        values.push(JSON.parse(line));
      } catch (error) {
        throw new SyntaxError(`parseJsonl: line ${i + 1} of ${name} is not JSON: ${(error as Error).message}`, { cause: error });
      }
    });
  return values;
}
