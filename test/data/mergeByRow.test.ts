import { describe, expect, it } from 'vitest';
import { mergeByRow, parseJsonlStream } from '../../src/index.js';

/** A source of rows, which notes how many were read, and whether it was closed. */
function source(...rows: readonly unknown[]) {
  const state = { read: 0, isClosed: false };
  async function* generate() {
    try {
      for (const row of rows) {
        state.read++;
        yield await Promise.resolve(typeof row === 'number' ? { row } : (row as { row: number }));
      }
    } finally {
      state.isClosed = true;
    }
  }
  return { rows: generate(), state };
}

const numbered = (...rows: readonly number[]) => rows.map((row) => ({ row }));

async function merged(...sources: readonly (AsyncIterable<unknown> | Iterable<unknown>)[]): Promise<unknown[]> {
  const list: unknown[] = [];
  for await (const row of mergeByRow(sources)) list.push((row as { row: unknown }).row);
  return list;
}

describe('mergeByRow', () => {
  it('gives the rows of all sources in ascending order', async () => {
    expect(await merged()).toEqual([]);
    expect(await merged([], numbered())).toEqual([]);
    expect(await merged(numbered(4, 9))).toEqual([4, 9]);
    expect(await merged(source(1, 4, 5).rows, [], numbered(0, 7), new Set(numbered(2, 3, 100)))).toEqual([0, 1, 2, 3, 4, 5, 7, 100]);
    const shards = Array.from({ length: 7 }, (_, s) => numbered(...Array.from({ length: 30 }, (_, i) => 7 * i + ((s * 3) % 7))));
    expect(await merged(...shards)).toEqual(Array.from({ length: 210 }, (_, row) => row));
  });

  it('gives the rows themselves, as parseJsonlStream reads them', async () => {
    const row = { row: 1, hash: 'a' };
    expect(await mergeByRow([[row]]).next()).toEqual({ done: false, value: row });
    expect((await mergeByRow([[row]]).next()).value).toBe(row);
    const shard = (text: string) => parseJsonlStream(new Response(text).body!);
    expect(await merged(shard('{"row": 1}\n'), shard('{"row": 0}\n{"row": 2}\n'))).toEqual([0, 1, 2]);
  });

  it('reads one row of each source ahead, and closes all when its reader leaves', async () => {
    const [first, second] = [source(0, 3, 4, 5), source(1, 2, 6)]; // prettier-ignore
    for await (const { row } of mergeByRow([first.rows, second.rows])) {
      expect([first.state.read, second.state.read]).toEqual([[1, 1], [2, 1], [2, 2]][row]); // prettier-ignore
      if (row === 2) break;
    }
    expect([first.state.isClosed, second.state.isClosed]).toEqual([true, true]);
  });

  it('closes all sources after an error of one of them', async () => {
    const good = [source(0, 5), source(1, 6)] as const;

    async function* failing(): AsyncGenerator<{ row: number }> {
      throw await Promise.resolve(new Error('disk'));
    }
    await expect(merged(good[0].rows, failing(), good[1].rows)).rejects.toThrow('disk');
    expect(good.map(({ state }) => state.isClosed)).toEqual([true, true]);
  });

  it.each<[string, readonly (readonly unknown[])[], typeof TypeError | typeof RangeError]>([
    ['row 3 is in sources[0] and in sources[2]', [[0, 3], [1], [2, 3]], RangeError],
    ['row 0 is in sources[0] and in sources[1]', [[0], [0]], RangeError],
    ['sources[1][2] is row 3, expected a row after 7, the one before it', [[0], [1, 7, 3]], RangeError],
    ['sources[0][1] is row 2, expected a row after 2, the one before it', [[2, 2]], RangeError],
    ['sources[0][0].row must be an integer >= 0, got -1', [[-1]], RangeError],
    ['sources[0][0].row must be an integer >= 0, got NaN', [[NaN]], RangeError],
    ['sources[0][0].row is "1", expected a number', [[{ row: '1' }]], TypeError],
    ['sources[0][1] lacks row, expected { row }', [[0, {}]], TypeError],
    ['sources[0][0] is null, expected { row }', [[null]], TypeError],
  ])('%s', async (message, rows, kind) => {
    const sources = rows.map((row) => source(...row));
    await expect(merged(...sources.map((given) => given.rows))).rejects.toThrow(new kind(`mergeByRow: ${message}`));
    expect(sources.map(({ state }) => state.isClosed)).toEqual(sources.map(() => true));
  });

  it.each<[string, unknown]>([
    ['sources is a value of type Object, expected a list', numbered(0).values()],
    ['sources[1] is "a.jsonl", expected an iterable of rows', [[], 'a.jsonl']],
    ['sources[0] is a value of type Object, expected an iterable of rows', [{ row: 1 }]],
    ['sources[0] is null, expected an iterable of rows', [null]],
    ['sources[1] is missing from the list', [[], , []]],
  ])('%s', (message, sources) => {
    expect(() => mergeByRow(sources as never)).toThrow(new TypeError(`mergeByRow: ${message}`));
  });
});
