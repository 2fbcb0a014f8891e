import { describe } from '../backend/describe.js';
import { checkFields, checkNumber } from '../internal/checks.js';
import { wholeNumber } from '../internal/domains.js';
import { checkList } from './checkList.js';

/**
 * Merges rows that several workers have written into one sequence in ascending order of `row`. It holds one row of each source at a time.
 *
 * @param sources - The rows of each worker, such as {@link parseJsonlStream} of its file, as values with a `row`: a non-negative integer that
 *   increases within a source and is in no other one. They are closed at the end, after an error, and when the reader leaves its loop.
 * @returns All rows. Rows may be missing: {@link attachReferenceRow} finds an item without its row.
 * @throws TypeError if `sources` is not a list of iterables, or a value has no row.
 * @throws RangeError if a row is not a non-negative integer, does not increase within its source, or occurs in two sources. The message names
 *   both.
 *
 * @example
 * ```ts
 * import { mergeByRow } from 'prefloss';
 * for await (const { row } of mergeByRow([[{ row: 0 }, { row: 3 }], [{ row: 1 }]])) console.log(row); // 0
 * ```
 */
export function mergeByRow<Row>(sources: readonly (AsyncIterable<Row> | Iterable<Row>)[]): AsyncGenerator<Row, void, undefined> {
  const fn = 'mergeByRow';
  checkList(fn, 'sources', sources);
  sources.forEach((source: unknown, s) => {
    if (typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source)) return;
    throw new TypeError(`${fn}: sources[${s}] is ${describe(source)}, expected an iterable of rows`);
  });
  return merged(fn, sources.map((source, s) => ascending(fn, `sources[${s}]`, source))); // prettier-ignore
}

/** The rows of a source with their numbers, which must increase. */
type Numbered<Row> = AsyncGenerator<readonly [number: number, row: Row], undefined, undefined>;

async function* ascending<Row>(fn: string, name: string, source: AsyncIterable<Row> | Iterable<Row>): Numbered<Row> {
  let before = -1;
  let i = 0;
  for await (const value of source) {
    const at = `${name}[${i++}]`;
    checkFields(fn, at, value, ['row']);
    const { row } = value as { readonly row: number };
    checkNumber(fn, `${at}.row`, row, wholeNumber);
    if (row <= before) throw new RangeError(`${fn}: ${at} is row ${row}, expected a row after ${before}, the one before it`);
    before = row;
    yield [row, value];
  }
}

async function* merged<Row>(fn: string, sources: readonly Numbered<Row>[]): AsyncGenerator<Row, void, undefined> {
  const read = async (source: Numbered<Row>) => (await source.next()).value;
  try {
    const heads = await Promise.all(sources.map(read));
    let last = { number: -1, s: -1 };
    for (;;) {
      const s = heads.reduce((least, head, i) => (head && head[0] < (heads[least]?.[0] ?? Infinity) ? i : least), -1);
      const head = heads[s];
      if (!head) return;
      const [number, row] = head;
      if (number === last.number) throw new RangeError(`${fn}: row ${number} is in sources[${last.s}] and in sources[${s}]`);
      yield row;
      last = { number, s };
      heads[s] = await read(sources[s]!);
    }
  } finally {
    await Promise.allSettled(sources.map((source) => source.return(undefined)));
  }
}
