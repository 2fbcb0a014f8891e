import { describe } from '../backend/describe.js';
import { checkChoice, checkOptions } from '../internal/checks.js';
import { labelledSide, pairOfSides, type PreferenceRow, type UnpairedRow } from './rows.js';

/** Options of {@link parseJsonl} and {@link parseJsonlStream}. */
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
  const parse = lineParser(fn, options);
  return text
    .split('\n')
    .map(parse)
    .filter((value) => value !== undefined);
}

/**
 * Parses a stream of text with one JSON value per line, like {@link parseJsonl}, but holds no more than a chunk and a line at a time.
 * Blank lines are skipped.
 *
 * @param chunks - The text, or its bytes in UTF-8, cut anywhere: a file stream of Node.js, a web `ReadableStream`, the `body` of a response.
 *   It is closed at the end, after an error, and when the reader leaves its loop.
 * @param options - See {@link JsonlOptions}.
 * @returns One value for each line that is not blank, each as soon as its line is complete.
 * @throws SyntaxError if a line is not JSON, or bytes are not UTF-8; the message names the line, counted from 1.
 * @throws RangeError if a line is not a row of the kind `rows`; the message names the line and the field.
 * @throws TypeError if `chunks` is not an asynchronous iterable, or a chunk is neither a string nor a Uint8Array.
 *
 * @example
 * ```ts
 * import { parseJsonlStream } from 'prefloss';
 * const { body } = new Response('{"chosen": "Yes", "rejected": "No"}\n');
 * for await (const row of parseJsonlStream(body!, { rows: 'preference' })) console.log(row.chosen); // Yes
 * ```
 */
export function parseJsonlStream(
  chunks: AsyncIterable<string | Uint8Array>,
  options: JsonlOptions & { readonly rows: 'preference' },
): AsyncGenerator<PreferenceRow, void, undefined>;
export function parseJsonlStream(
  chunks: AsyncIterable<string | Uint8Array>,
  options: JsonlOptions & { readonly rows: 'unpaired' },
): AsyncGenerator<UnpairedRow, void, undefined>;
export function parseJsonlStream(
  chunks: AsyncIterable<string | Uint8Array>,
  options?: JsonlOptions,
): AsyncGenerator<unknown, void, undefined>;
export function parseJsonlStream(
  chunks: AsyncIterable<string | Uint8Array>,
  options: JsonlOptions = {},
): AsyncGenerator<unknown, void, undefined> {
  const fn = 'parseJsonlStream';
  if (typeof (chunks as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] !== 'function') {
    throw new TypeError(`${fn}: chunks is ${describe(chunks)}, expected an asynchronous iterable of strings or bytes`);
  }
  return valuesOf(fn, chunks, lineParser(fn, options), options.name ?? NAME);
}

const NAME = 'text';

async function* valuesOf(
  fn: string,
  chunks: AsyncIterable<unknown>,
  parse: LineParser,
  name: string,
): AsyncGenerator<unknown, void, undefined> {
  // The parser removes the byte order mark, as it does of a string.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let count = 0; // complete lines
  let rest = ''; // of the text after them
  const decoded = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (error) {
      throw new SyntaxError(`${fn}: line ${count + 1} of ${name} or a line soon after it is not UTF-8`, { cause: error });
    }
  };
  for await (const chunk of chunks) {
    const isText = typeof chunk === 'string';
    if (!isText && !isBytes(chunk)) throw new TypeError(`${fn}: a chunk of ${name} is ${describe(chunk)}, expected a string or a Uint8Array`); // prettier-ignore
    const lines = (isText ? decoded() + chunk : decoded(chunk)).split('\n');
    lines[0] = rest + lines[0]!;
    rest = lines.pop()!;
    for (const line of lines) {
      const value = parse(line, count++);
      if (value !== undefined) yield value;
    }
  }
  const value = parse(rest + decoded(), count);
  if (value !== undefined) yield value;
}

/** Whether a value is a Uint8Array, of this realm or another. */
const isBytes = (value: unknown): value is Uint8Array => ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'; // prettier-ignore

/** Returns the value of a line, counted from 0, or undefined for a blank line. */
type LineParser = (line: string, i: number) => unknown;

/** Checks the options, and returns a parser that checks the row of a line. */
function lineParser(fn: string, options: JsonlOptions): LineParser {
  checkOptions(fn, options, ['name', 'rows']);
  const { name = NAME, rows } = options;
  if (typeof name !== 'string') throw new TypeError(`${fn}: name is ${describe(name)}, expected a string`);
  if (rows !== undefined) checkChoice(fn, 'rows', rows, ['preference', 'unpaired']);
  return (line, i) => {
    // JSON.parse does not accept a byte order mark.
    const text = i === 0 ? line.replace(/^\uFEFF/, '') : line;
    if (text.trim() === '') return undefined;
    const at = `${fn}: line ${i + 1} of ${name}`;
    const value = parseLine(at, text);
    if (rows === 'preference') pairOfSides(at, value);
    if (rows === 'unpaired') labelledSide(at, value);
    return value;
  };
}

function parseLine(at: string, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new SyntaxError(`${at} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
