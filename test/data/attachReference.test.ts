import { describe, expect, it } from 'vitest';
import { attachReference, batchesOf, mismatchCompletions } from '../../src/index.js';
import { example, pair } from '../support/encoded.js';

describe('attachReference', () => {
  it('adds log-probs to the items of each batch', () => {
    const pairs = [0, 1, 2].map((row) => pair(row, [1], [2, 3].slice(row % 2), [4]));
    const batches = batchesOf(pairs, { batchSize: 2, lengthOf: ({ chosen }) => chosen.tokens.length });
    expect(batches.flat().map(({ row }) => row)).toEqual([0, 2, 1]);
    const attached = attachReference(batches, [[[-1, -3], [-10, -30]], [[-2], [-20]]]); // prettier-ignore
    expect(attached.map(({ row, reference }) => [row, reference])).toEqual([
      [0, { chosen: -1, rejected: -10 }],
      [2, { chosen: -3, rejected: -30 }],
      [1, { chosen: -2, rejected: -20 }],
    ]);
    const examples = [example(0, [1], [2]), example(1, [3], [4])];
    expect(attachReference([examples], [[[-1, -2]]]).map(({ reference }) => reference)).toEqual([-1, -2]);
    const mismatched = attachReference([mismatchCompletions(examples)], [[new Float32Array([-1, -2]), new Float32Array([-3, -4])]]);
    expect(mismatched.map(({ reference, mismatchedReference }) => [reference, mismatchedReference])).toEqual([[-1, -3], [-2, -4]]); // prettier-ignore
  });

  it('names the batch whose results do not fit', () => {
    const batches = [[pair(0, [1], [2], [3])]];
    expect(() => attachReference(batches, [])).toThrow(new RangeError('attachReference: results has 0 batches, expected 1'));
    expect(() => attachReference(batches, [[[-1]]])).toThrow(new RangeError('attachReference: results[0] has 1 lists, expected 2'));
    expect(() => attachReference(batches, [[[-1], []]])).toThrow(new RangeError('attachReference: results[0][1] has 0 values, expected 1'));
  });
});
