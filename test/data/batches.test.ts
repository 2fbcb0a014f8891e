import { describe, expect, it } from 'vitest';
import { batchesOf, validationSplit } from '../../src/index.js';

describe('batchesOf', () => {
  const items = Array.from({ length: 1007 }, (_, i) => (i * 7919) % 512);

  it('puts every item into exactly one batch, for any options', () => {
    for (const options of [{}, { seed: 1 }, { lengthOf: (n: number) => n }, { seed: 1, lengthOf: (n: number) => n }]) {
      const batches = batchesOf(items, { batchSize: 8, ...options });
      expect(batches).toHaveLength(126);
      expect(batches.flat().sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
    }
    expect(batchesOf([], { batchSize: 3, seed: 1, lengthOf: () => 1 })).toEqual([]);
  });

  it('makes one batch if the batch size is larger than any list', () => {
    for (const batchSize of [1007, 2 ** 53, 1e308]) {
      expect(batchesOf(items, { batchSize })).toEqual([items]);
      const [batch, ...others] = batchesOf(items, { batchSize, seed: 1, lengthOf: (n) => n });
      expect([batch!.length, others]).toEqual([1007, []]);
    }
    expect(batchesOf([], { batchSize: 1e308 })).toEqual([]);
  });

  it('refuses what would give no batches in silence', () => {
    function* generator() {
      yield 1;
    }
    const hole = [1, 2];
    hole.length = 3;
    for (const [list, words] of [
      [new Set([1]), 'is a value of type Set, expected a list'],
      [generator(), 'is a value of type Object, expected a list'],
      [new Float32Array(2), 'is a value of type Float32Array, expected a list'],
      ['abc', 'is "abc", expected a list'],
    ] as const) {
      expect(() => batchesOf(list as never, { batchSize: 1 })).toThrow(new TypeError(`batchesOf: items ${words}`));
    }
    expect(() => batchesOf(hole, { batchSize: 1 })).toThrow(new TypeError('batchesOf: items[2] is missing from the list'));
  });

  it('has a fixed order for each seed', () => {
    expect(batchesOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { batchSize: 10, seed: 1 })).toEqual([[7, 8, 3, 2, 1, 5, 9, 4, 0, 6]]);
  });

  it('names bad input', () => {
    expect(() => batchesOf({} as never, { batchSize: 1 })).toThrow('batchesOf: items is a value of type Object, expected a list');
    expect(() => batchesOf([], { batchSize: 1, lengthOf: 3 as never })).toThrow('batchesOf: lengthOf is a number, expected a function');
    expect(() => validationSplit(new Set([1, 2]) as never, { validation: 1, seed: 0 })).toThrow(
      'validationSplit: items is a value of type Set, expected a list',
    );
    expect(() => validationSplit([1, 2], { validation: 1, seed: 0, groupBy: 'prompt' as never })).toThrow(
      'validationSplit: groupBy is "prompt", expected a function',
    );
  });

  it('names an item whose length is not a number', () => {
    expect(() => batchesOf([1, NaN], { batchSize: 1, lengthOf: (n) => n })).toThrow(
      'batchesOf: lengthOf(items[1]) must be finite and >= 0, got NaN',
    );
  });

  it('shuffles by the seed', () => {
    const of = (seed: number) => batchesOf(items, { batchSize: 4, seed });
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    expect(of(1).flat().slice(0, 20)).not.toEqual(items.slice(0, 20));
  });

  it('needs little padding when it sorts by length, and begins with the longest item', () => {
    const padded = (batches: number[][]) => batches.reduce((sum, batch) => sum + batch.reduce((s, n) => s + Math.max(...batch) - n, 0), 0);
    const sorted = batchesOf(items, { batchSize: 8, seed: 3, lengthOf: (n) => n });
    expect(padded(sorted)).toBeLessThan(padded(batchesOf(items, { batchSize: 8, seed: 3 })) / 10);
    expect(sorted[0]).toContain(Math.max(...items));
    expect(sorted.slice(1, 20).map((b) => b[0])).not.toEqual(sorted.slice(1, 20).map((b) => b[0]).sort((a, b) => b! - a!)); // prettier-ignore
  });

  it.each([
    [{ batchSize: 0 }, 'batchesOf: batchSize must be an integer >= 1, got 0'],
    [{ batchSize: 1, seed: -1 }, 'batchesOf: seed must be an integer in [0, 2^32), got -1'],
    [{ batchSize: 1, size: 2 }, 'batchesOf: unknown option size, expected batchSize, seed, lengthOf'],
  ])('%j is an error', (options, message) => {
    expect(() => batchesOf([1], options)).toThrow(message);
  });
});

describe('validationSplit', () => {
  const items = Array.from({ length: 20 }, (_, i) => i);

  it('selects items by the seed and keeps their order', () => {
    const { train, validation } = validationSplit(items, { validation: 0.25, seed: 4 });
    expect([train.length, validation.length]).toEqual([15, 5]);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual(items);
    expect(validation).toEqual([...validation].sort((a, b) => a - b));
    expect(validationSplit(items, { validation: 5, seed: 4 }).validation).toEqual(validation);
    expect(validationSplit(items, { validation: 5, seed: 5 }).validation).not.toEqual(validation);
    expect(validationSplit(items, { validation: 0.001, seed: 5 }).validation).toHaveLength(1);
  });

  it('keeps groups together', () => {
    const chats = ['a', 'b', 'a', 'c', 'b', 'a'].map((content) => ({ prompt: [{ role: 'user', content }] }));
    const byPrompt = validationSplit(chats, { validation: 1, seed: 0, groupBy: ({ prompt }) => prompt });
    const promptsOf = (rows: typeof chats) => new Set(rows.map(({ prompt }) => prompt[0]!.content));
    expect([...promptsOf(byPrompt.validation)].filter((prompt) => promptsOf(byPrompt.train).has(prompt))).toEqual([]);
    const { train, validation } = validationSplit(items, { validation: 5, seed: 1, groupBy: (i) => i % 7 });
    const groups = new Set(validation.map((i) => i % 7));
    expect(validation.length).toBeGreaterThanOrEqual(5);
    expect(train.some((i) => groups.has(i % 7))).toBe(false);
  });

  it.each([
    [{ validation: 0, seed: 1 }, 'validationSplit: validation must be in (0, 1) or an integer >= 1, got 0'],
    [{ validation: 1.5, seed: 1 }, 'validationSplit: validation must be in (0, 1) or an integer >= 1, got 1.5'],
    [{ validation: 20, seed: 1 }, 'validationSplit: 20 of 20 items would be held out, leaving none to train on'],
    [{ validation: 1, seed: 0.5 }, 'validationSplit: seed must be an integer in [0, 2^32), got 0.5'],
  ])('%j is an error', (options, message) => {
    expect(() => validationSplit(items, options)).toThrow(message);
  });
});
