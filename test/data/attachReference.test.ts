import { describe, expect, it } from 'vitest';
import { attachReference, batchesOf, mismatchCompletions } from '../../src/index.js';
import { example, pair } from '../support/encoded.js';

describe('attachReference', () => {
  it('adds log-probs to the items of each batch', () => {
    const pairs = [0, 1, 2].map((row) => pair(row, [1], [2, 3].slice(row % 2), [4]));
    const batches = batchesOf(pairs, { batchSize: 2, lengthOf: ({ chosen }) => chosen.tokens.length });
    expect(batches.flat().map(({ row }) => row)).toEqual([0, 2, 1]);
    const expected = [
      [0, { chosen: -1, rejected: -10 }],
      [2, { chosen: -3, rejected: -30 }],
      [1, { chosen: -2, rejected: -20 }],
    ];
    const results = [{ chosen: [-1, -3], rejected: [-10, -30] }, { chosen: [-2], rejected: [-20] }]; // prettier-ignore
    for (const given of [results, results.map(({ chosen, rejected }) => [chosen, rejected])]) {
      expect(attachReference(batches, given).map(({ row, reference }) => [row, reference])).toEqual(expected);
    }
  });

  it('adds log-probs to unpaired examples, and to their mismatched completions', () => {
    const examples = [example(0, [1], [2]), example(1, [3], [4])];
    for (const given of [[-1, -2], new Float32Array([-1, -2]), [[-1, -2]]]) {
      expect(attachReference([examples], [given]).map(({ reference }) => reference)).toEqual([-1, -2]);
    }
    const results = { completion: [-1, -2], mismatched: new Float32Array([-3, -4]) };
    for (const given of [results, Object.values(results)]) {
      const mismatched = attachReference([mismatchCompletions(examples)], [given]);
      expect(mismatched.map(({ reference, mismatchedReference }) => [reference, mismatchedReference])).toEqual([[-1, -3], [-2, -4]]); // prettier-ignore
    }
  });

  const pairs = [pair(0, [1], [2], [3])];
  const examples = [example(0, [1], [2])];
  it.each<[string, unknown, unknown, typeof TypeError | typeof RangeError]>([
    ['batches[0] is a value of type Object, expected a list', pairs, [[-1]], TypeError],
    ['results has 0 batches, expected 1', [pairs], [], RangeError],
    ['results[0] has 1 lists, expected 2', [pairs], [[[-1]]], RangeError],
    ['results[0][1] has 0 values, expected 1', [pairs], [[[-1], []]], RangeError],
    ['results[0].rejected has 0 values, expected 1', [pairs], [{ chosen: [-1], rejected: [] }], RangeError],
    ['results[0] lacks rejected, expected { chosen, rejected }', [pairs], [{ chosen: [-1] }], TypeError],
    ['results[0].rejected is a number, expected a list of numbers', [pairs], [{ chosen: [-1], rejected: -1 }], TypeError],
    ['results[0][0] is a number, expected a list of numbers', [pairs], [[-1, -2]], TypeError],
    ['results[0] is undefined, expected { chosen, rejected }', [pairs], [undefined], TypeError],
    ['value 0 of results[0].rejected must be finite, got null', [pairs], [{ chosen: [-1], rejected: [null] }], RangeError],
    ['results[0] has 2 lists, expected 1', [examples], [[[-1], [-2]]], RangeError],
    ['results[0] has 2 values, expected 1', [examples], [[-1, -2]], RangeError],
    ['batches is undefined, expected a list', undefined, [], TypeError],
    ['results is undefined, expected a list', [pairs], undefined, TypeError],
    ['batches[0][0] is undefined, expected an encoded pair or example', [[undefined]], [[]], TypeError],
  ])('%s', (message, batches, results, kind) => {
    expect(() => attachReference(batches as never, results as never)).toThrow(new kind(`attachReference: ${message}`));
  });
});
