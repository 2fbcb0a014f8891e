import { describe, expect, it } from 'vitest';
import { collatePackedPairs, collatePackedSequences, completionLogProbs, packPairs, unpack } from '../../src/index.js';
import { expectClose } from '../../src/testing/index.js';
import { example, pair } from '../support/encoded.js';

const PADDING = { padTokenId: 0 };
const pairs = [pair(0, [1, 2], [3, 4, 5], [6]), pair(1, [7], [8], [9, 10]), pair(2, [3], [4], [5])];

describe('collatePackedPairs', () => {
  const packs = [[pairs[0]!], [pairs[1]!, pairs[2]!]];

  it('puts the sides of the pairs of a pack into one row, and pads on the right', () => {
    expect(collatePackedPairs(packs, PADDING)).toEqual({
      tokens: [[1, 2, 3, 4, 5, 1, 2, 6, 0], [7, 8, 7, 9, 10, 3, 4, 3, 5]], // prettier-ignore
      attentionMask: [[1, 1, 1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1]], // prettier-ignore
      mask: [[0, 0, 1, 1, 1, 0, 0, 1, 0], [0, 1, 0, 1, 1, 0, 1, 0, 1]], // prettier-ignore
      segments: [[1, 1, 1, 1, 1, 2, 2, 2, 0], [1, 1, 2, 2, 2, 3, 3, 4, 4]], // prettier-ignore
      positions: [[0, 1, 2, 3, 4, 0, 1, 2, 0], [0, 1, 0, 1, 2, 0, 1, 0, 1]], // prettier-ignore
      count: 4,
      places: { chosen: [0, 4, 6], rejected: [1, 5, 7] },
    });
    expect(collatePackedPairs(packs, { padTokenId: 0, padToMultipleOf: 8 }).segments[0]).toHaveLength(16);
  });

  it('is what completionLogProbs takes, and what unpack brings into order', () => {
    const batch = collatePackedPairs(packs, PADDING);
    const flat = batch.tokens.map((row) => row.map(() => new Array<number>(11).fill(0)));
    const { chosen, rejected } = unpack(completionLogProbs(flat, batch), batch.places);
    expectClose([...chosen, ...rejected], [3, 1, 1, 1, 2, 1].map((n) => -n * Math.log(11)), { relative: 1e-14 }); // prettier-ignore
  });

  it('copies references, weights of pairs and weights of tokens', () => {
    const own = pairs.map((p, i) => ({ ...p, reference: { chosen: -i, rejected: -10 - i }, weight: i / 2 }));
    const chosen = { ...own[1]!.chosen, weights: [9, 0.5] };
    const batch = collatePackedPairs([[own[2]!, { ...own[1]!, chosen }]], PADDING);
    expect([batch.reference, batch.weight]).toEqual([{ chosen: [-2, -1], rejected: [-12, -11] }, [1, 0.5]]);
    expect(batch.weights).toEqual([[0, 1, 0, 1, 0, 0.5, 0, 1, 1]]);
  });

  it('does not count the first token of a sequence, which nothing predicts', () => {
    const whole = { tokens: [3, 4], mask: [1, 1] };
    expect(collatePackedPairs([[{ row: 0, chosen: whole, rejected: whole }]], PADDING).mask).toEqual([[0, 1, 0, 1]]);
  });

  it('takes the packs of packPairs', () => {
    const { tokens, places } = collatePackedPairs(packPairs(pairs, { maxLength: 9 }).packs, PADDING);
    expect([tokens.length, places.chosen.length]).toEqual([2, 3]);
  });

  it.each<[string, unknown, string]>([
    ['no packs', [], 'collatePackedPairs: packs is empty, expected at least one'],
    ['an empty pack', [[pairs[0]], []], 'collatePackedPairs: packs[1] is empty, expected at least one'],
    ['pairs that are not packed', pairs, 'collatePackedPairs: packs[0] is a value of type Object, expected a list'],
    ['the result of packPairs', packPairs(pairs, { maxLength: 9 }), 'collatePackedPairs: packs is a value of type Object, expected a list'],
    ['a side alone', [[{ chosen: pairs[0]!.chosen }]], 'collatePackedPairs: packs[0][0] lacks rejected, expected { chosen, rejected }'],
    ['a bad token', [[pair(0, [1], [-2], [3])]], 'collatePackedPairs: value 1 of packs[0][0].chosen.tokens must be a token id, an integer in [0, 2^31), got -2'], // prettier-ignore
    ['one weight', [[{ ...pairs[0], weight: 1 }], [pairs[1]]], 'collatePackedPairs: packs[1][0] lacks weight, which packs[0][0] has'],
  ])('%s is an error', (_, packs, message) => {
    expect(() => collatePackedPairs(packs as never, PADDING)).toThrow(message);
  });
});

describe('collatePackedSequences', () => {
  it('takes plain sequences, and examples with labels and references', () => {
    const { tokens, places, segments, ...rest } = collatePackedSequences([[{ tokens: [1, 2], mask: [0, 1] }]], PADDING);
    expect([tokens, places, segments]).toEqual([[[1, 2]], [0], [[1, 1]]]);
    expect('desirable' in rest).toBe(false);
    const own = (row: number, label: boolean) => ({ ...example(row, [1], [2 + row], label), reference: -row, weight: row });
    const batch = collatePackedSequences([[own(0, true), own(1, false)], [own(2, true)]], PADDING);
    expect([batch.places, batch.desirable, batch.reference, batch.weight]).toEqual([
      [0, 1, 2],
      [1, 0, 1],
      [-0, -1, -2],
      [0, 1, 2],
    ]);
  });

  it.each<[string, unknown, string]>([
    ['a mismatched completion', [[{ ...example(0, [1], [2]), mismatched: example(0, [1], [3]) }]], 'packs[0][0] has a mismatched completion, which would be lost; pack it as a sequence of its own'], // prettier-ignore
    ['one label', [[example(0, [1], [2]), { tokens: [1, 2], mask: [0, 1] }]], 'packs[0][1] lacks label, which packs[0][0] has'],
    ['a label that is no label', [[{ ...example(0, [1], [2]), label: 1 }]], 'packs[0][0].label is a number, expected true or false'],
    ['a pair', [pairs], 'packs[0][0] lacks tokens, expected { tokens, mask }'],
  ])('%s is an error', (_, packs, message) => {
    expect(() => collatePackedSequences(packs as never, PADDING)).toThrow(`collatePackedSequences: ${message}`);
  });
});
