import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { parseJsonl, parseJsonlStream, type PreferenceRow, type UnpairedRow } from '../../src/index.js';

describe('parseJsonl', () => {
  it('reads one value per line, with line ends of \\n or \\r\\n', () => {
    expect(parseJsonl('\uFEFF{"a": "é\u2028"}\r\n\r\n[1]\n')).toEqual([{ a: 'é\u2028' }, [1]]);
    expect(parseJsonl('')).toEqual([]);
  });

  it('names a name that is no text', () => {
    expect(() => parseJsonl('', { name: {} as never })).toThrow(
      new TypeError('parseJsonl: name is a value of type Object, expected a string'),
    );
  });

  it('names the line that is not JSON', () => {
    expect(() => parseJsonl('{}\n\n{"a": \n', { name: 'train.jsonl' })).toThrow(/^parseJsonl: line 3 of train\.jsonl is not JSON: /);
    expect(() => parseJsonl(undefined as never)).toThrow('parseJsonl: text is undefined, expected a string');
    expect(() => parseJsonl('', 'train.jsonl' as never)).toThrow('parseJsonl: options is "train.jsonl", expected a plain object');
    expect(() => parseJsonl('', { rows: 'pairs' } as never)).toThrow(
      'parseJsonl: rows must be one of "preference", "unpaired", got "pairs"',
    );
  });

  it('checks the rows of a kind, and has their type', () => {
    const pairs = parseJsonl('{"chosen": "a", "rejected": "b", "id": 1}', { rows: 'preference' });
    expectTypeOf(pairs).toEqualTypeOf<PreferenceRow[]>();
    expect(pairs).toEqual([{ chosen: 'a', rejected: 'b', id: 1 }]);
    const examples = parseJsonl('{"prompt": null, "completion": "a", "label": true}', { rows: 'unpaired' });
    expectTypeOf(examples).toEqualTypeOf<UnpairedRow[]>();
    expect(examples).toHaveLength(1);
  });

  it.each([
    ['preference', '{"chosen": 1}', ' lacks rejected, expected { chosen, rejected }'],
    ['preference', '{"chosen": 1, "rejected": "b"}', ': chosen is a number, expected a string or a list of messages'],
    ['preference', '"a"', ' is "a", expected { chosen, rejected }'],
    ['unpaired', '{"completion": "a"}', ' lacks label, expected { completion, label }'],
    ['unpaired', '{"completion": "a", "label": 2}', ': label is a number, expected true or false'],
    ['unpaired', '{"completion": 1, "label": true}', ': completion is a number, expected a string or a list of messages'],
  ] as ['preference' | 'unpaired', string, string][])('of kind %s, names the line of %s', (rows, line, message) => {
    expect(() => parseJsonl(`\n${line}`, { rows } as { rows: 'preference' })).toThrow(
      new RangeError(`parseJsonl: line 2 of text${message}`),
    );
  });
});

/** A stream of the chunks. */
async function* chunksOf(...chunks: readonly unknown[]): AsyncGenerator<string> {
  for (const chunk of chunks) yield await Promise.resolve(chunk as string);
}

async function listOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

describe('parseJsonlStream', () => {
  const text = '\uFEFF{"a": "é\u2028😀"}\r\n\r\n[1]\n \n"\uFEFF"';
  const values = [{ a: 'é\u2028😀' }, [1], '\uFEFF'];

  it('gives the values of parseJsonl, wherever text and bytes are cut', async () => {
    expect(parseJsonl(text)).toEqual(values);
    for (const whole of [text, new TextEncoder().encode(text), Buffer.from(text)]) {
      for (let cut = 0; cut <= whole.length; cut++) {
        expect(await listOf(parseJsonlStream(chunksOf(whole.slice(0, cut), whole.slice(cut))))).toEqual(values);
      }
      const pieces = Array.from({ length: whole.length }, (_, i) => whole.slice(i, i + 1));
      expect(await listOf(parseJsonlStream(chunksOf(...pieces)))).toEqual(values);
    }
    expect(await listOf(parseJsonlStream(chunksOf()))).toEqual([]);
    expect(await listOf(parseJsonlStream(chunksOf('[', Buffer.from('"é'), '"]\n')))).toEqual([['é']]);
  });

  it('reads file streams, web streams, and bytes of another realm', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prefloss-'));
    try {
      const file = join(folder, 'a.jsonl');
      writeFileSync(file, text);
      expect(await listOf(parseJsonlStream(createReadStream(file, { highWaterMark: 3 })))).toEqual(values);
      expect(await listOf(parseJsonlStream(createReadStream(file, 'utf8')))).toEqual(values);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(await listOf(parseJsonlStream(new Response(text).body!))).toEqual(values);
    expect(await listOf(parseJsonlStream(chunksOf(runInNewContext('Uint8Array.of(49)'))))).toEqual([1]);
  });

  it('gives a value as soon as its line is complete', async () => {
    let read = 0;
    async function* lines() {
      for (;;) yield await Promise.resolve(`${++read}\n`);
    }
    const rows = parseJsonlStream(lines());
    for (let n = 1; n < 100; n++) expect([await rows.next(), read]).toEqual([{ done: false, value: n }, n]);
    await rows.return();
  });

  it('reads a long line of many chunks', async () => {
    async function* chunks() {
      yield await Promise.resolve('"');
      for (let i = 0; i < 10_000; i++) yield 'a'.repeat(1000);
      yield '"';
    }
    expect(await listOf(parseJsonlStream(chunks()))).toEqual(['a'.repeat(1e7)]);
  });

  it('closes its source at the end, after an error, and when its reader leaves', async () => {
    const isDone = async (source: AsyncGenerator<string>) => (await source.next()).done;
    const whole = chunksOf('1\n');
    await listOf(parseJsonlStream(whole));
    const bad = chunksOf('{\n', '1\n');
    await expect(listOf(parseJsonlStream(bad))).rejects.toThrow(SyntaxError);
    const left = chunksOf('1\n2\n', '3\n');
    for await (const value of parseJsonlStream(left)) if (value === 1) break;
    expect(await Promise.all([whole, bad, left].map(isDone))).toEqual([true, true, true]);
  });

  it('passes on an error of its source', async () => {
    async function* failing(): AsyncGenerator<string> {
      throw await Promise.resolve(new Error('disk'));
    }
    await expect(listOf(parseJsonlStream(failing()))).rejects.toThrow('disk');
  });

  it('checks its arguments when it is called, as parseJsonl does', () => {
    for (const chunks of ['text', ['1'], undefined, null, 3]) expect(() => parseJsonlStream(chunks as never)).toThrow(TypeError);
    expect(() => parseJsonlStream('1\n' as never)).toThrow(
      'parseJsonlStream: chunks is "1\\n", expected an asynchronous iterable of strings or bytes',
    );
    for (const options of ['a', { name: 1 }, { rows: 'pairs' }, { row: 'preference' }] as never[]) {
      const message = (parse: () => unknown) => {
        try {
          return parse();
        } catch (error) {
          return String(error).replace('parseJsonlStream', 'parseJsonl');
        }
      };
      expect(message(() => parseJsonlStream(chunksOf(), options))).toBe(message(() => parseJsonl('', options)));
    }
  });

  it.each<[string, readonly unknown[], string, 'preference'?]>([
    ['line 3 of a.jsonl is not JSON: ', ['{}\n\n', '{"a": \n'], 'SyntaxError'],
    ['line 2 of a.jsonl is not JSON: ', ['1\n{"a', '": '], 'SyntaxError'],
    ['line 2 of a.jsonl lacks rejected, expected { chosen, rejected }', ['\n{"chosen": "a"}'], 'RangeError', 'preference'],
    ['a chunk of a.jsonl is a number, expected a string or a Uint8Array', [1], 'TypeError'],
    ['a chunk of a.jsonl is null, expected a string or a Uint8Array', ['1\n', null], 'TypeError'],
    ['a chunk of a.jsonl is a value of type Float32Array, expected a string or a Uint8Array', [new Float32Array(1)], 'TypeError'],
    ['line 2 of a.jsonl or a line soon after it is not UTF-8', ['1\n', Uint8Array.of(34, 255, 34)], 'SyntaxError'],
    ['line 1 of a.jsonl or a line soon after it is not UTF-8', [Buffer.from('"é').subarray(0, 2)], 'SyntaxError'],
    ['line 1 of a.jsonl or a line soon after it is not UTF-8', [Buffer.from('"é').subarray(0, 2), '"'], 'SyntaxError'],
  ])('%s', async (message, chunks, kind, rows) => {
    const error: unknown = await listOf(parseJsonlStream(chunksOf(...chunks), { name: 'a.jsonl', ...(rows && { rows }) } as never)).catch(
      (thrown: unknown) => thrown,
    );
    expect(String(error).startsWith(`${kind}: parseJsonlStream: ${message}`), String(error)).toBe(true);
  });

  it('has the type of its rows', () => {
    expectTypeOf(parseJsonlStream(chunksOf(), { rows: 'preference' })).toEqualTypeOf<AsyncGenerator<PreferenceRow, void, undefined>>();
    expectTypeOf(parseJsonlStream(chunksOf(), { rows: 'unpaired' })).toEqualTypeOf<AsyncGenerator<UnpairedRow, void, undefined>>();
    expectTypeOf(parseJsonlStream(chunksOf())).toEqualTypeOf<AsyncGenerator<unknown, void, undefined>>();
  });
});
