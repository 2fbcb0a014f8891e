import { describe } from '../backend/registry.js';

/**
 * The values of a text with one JSON value a line. Empty lines are passed over.
 *
 * @param text - What the file holds.
 * @param name - How errors call it, for example the name of the file. Default `text`.
 * @returns One value for each line that is not empty.
 * @throws SyntaxError if a line is not JSON; it names the line, counted from 1.
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
  // A byte order mark is no part of the first line.
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
