import { describe, expect, it } from 'vitest';
import {
  batchesOf,
  collatePairs,
  collateUnpaired,
  completionLogProbs,
  completionMask,
  encodePairs,
  type EncodedPair,
} from '../../src/index.js';
import { expectClose } from '../../src/testing/index.js';
import { byteTokenizer } from '../support/chat.js';
import { example, pair } from '../support/encoded.js';

describe('collatePairs', () => {
  const pairs = [pair(0, [1, 2], [3, 4, 5], [6]), pair(1, [7], [8], [9, 10])];

  it('puts chosen rows first, pads on the right, and shifts nothing', () => {
    expect(collatePairs(pairs, { padTokenId: 0 })).toEqual({
      tokens: [[1, 2, 3, 4, 5], [7, 8, 0, 0, 0], [1, 2, 6, 0, 0], [7, 9, 10, 0, 0]], // prettier-ignore
      attentionMask: [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0]], // prettier-ignore
      mask: [[0, 0, 1, 1, 1], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 1, 0, 0]], // prettier-ignore
    });
  });

  it('has the mask of completionMask, and is what completionLogProbs takes', () => {
    const batch = collatePairs(pairs, { padTokenId: 0, padToMultipleOf: 4 });
    expect(batch.mask).toEqual(completionMask({ promptLengths: [2, 1, 2, 1], lengths: [5, 2, 3, 3] }, 8));
    const flat = batch.tokens.map((row) => row.map(() => new Array<number>(11).fill(0)));
    expectClose(completionLogProbs(flat, batch), [3, 1, 1, 2].map((n) => -n * Math.log(11)), { relative: 1e-14 }); // prettier-ignore
    expect(collatePairs([pair(0, [1], [2, 3, 4], [5])], { padTokenId: 0, padToMultipleOf: 4 }).tokens[0]).toHaveLength(4);
  });

  it('takes a single pair, and a padding token that is counted elsewhere', () => {
    const { tokens, mask } = collatePairs([pair(0, [1], [2, 9], [9])], { padTokenId: 9 });
    expect([tokens, mask]).toEqual([[[1, 2, 9], [1, 9, 9]], [[0, 1, 1], [0, 1, 0]]]); // prettier-ignore
  });

  it('does not count the first token of a row, which nothing predicts', () => {
    const whole = { tokens: [3, 4, 5], mask: [1, 1, 1] };
    expect(collatePairs([{ row: 0, chosen: whole, rejected: whole }], { padTokenId: 0 }).mask).toEqual([[0, 1, 1], [0, 1, 1]]); // prettier-ignore
  });

  it('has the weights of counted tokens if a row has weights, 1 in rows without', () => {
    expect('weights' in collatePairs(pairs, { padTokenId: 0 })).toBe(false);
    const chosen = { ...pairs[0]!.chosen, weights: [7, 7, 0.5, 0, 2] };
    const { weights } = collatePairs([{ ...pairs[0]!, chosen }, pairs[1]!], { padTokenId: 0 });
    expect(weights).toEqual([[0, 0, 0.5, 0, 2], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 1, 0, 0]]); // prettier-ignore
  });

  it('copies weights of pairs, which all or none have', () => {
    expect(collatePairs(pairs.map((p, i) => ({ ...p, weight: i / 2 })), { padTokenId: 0 }).weight).toEqual([0, 0.5]); // prettier-ignore
    expect(() => collatePairs([{ ...pairs[0]!, weight: 1 }, pairs[1]!], { padTokenId: 0 })).toThrow(
      'collatePairs: pairs[1] lacks weight, which pairs[0] has',
    );
    const bad = () => collatePairs([{ ...pairs[0]!, weight: -1 }], { padTokenId: 0 });
    expect(bad).toThrow('collatePairs: pairs[0].weight must be finite and >= 0, got -1');
  });

  it('copies log-probs under the reference', () => {
    const withReference = pairs.map((p, i) => ({ ...p, reference: { chosen: -i, rejected: -10 - i } }));
    expect(collatePairs(withReference, { padTokenId: 0 }).reference).toEqual({ chosen: [-0, -1], rejected: [-10, -11] });
    expect(() => collatePairs([withReference[0]!, pairs[1]!], { padTokenId: 0 })).toThrow(
      'collatePairs: pairs[1] lacks reference, which pairs[0] has',
    );
  });

  it.each<[string, readonly EncodedPair[], object, string]>([
    [
      'no padding token',
      pairs,
      { padTokenId: undefined },
      'collatePairs: padTokenId is undefined, expected a token id; if the tokenizer has no padding token, use its end token',
    ],
    ['a negative padding token', pairs, { padTokenId: -1 }, 'collatePairs: padTokenId must be a token id, an integer in [0, 2^31), got -1'],
    ['a multiple of 0', pairs, { padTokenId: 0, padToMultipleOf: 0 }, 'collatePairs: padToMultipleOf must be an integer >= 1, got 0'],
    ...[NaN, -3, 2 ** 31, Infinity].map((token): [string, readonly EncodedPair[], object, string] => [
      `the token ${token}`,
      [{ ...pairs[0]!, chosen: { tokens: [1, token], mask: [0, 1] } }],
      { padTokenId: 0 },
      `collatePairs: value 1 of pairs[0].chosen.tokens must be a token id, an integer in [0, 2^31), got ${token}`,
    ]),
    ['a batch for which there is no memory', pairs, { padTokenId: 0, padToMultipleOf: 2 ** 32 }, 'collatePairs: the batch would have shape [4, 4294967296] with the longest row of 5 tokens and padToMultipleOf 4294967296, expected at most 16777216 tokens'], // prettier-ignore
    ['a hole in the pairs', Object.assign([pairs[0]!], { length: 2 }), { padTokenId: 0 }, 'collatePairs: pairs[1] is missing from the list'], // prettier-ignore
    ['no pairs', [], { padTokenId: 0 }, 'collatePairs: pairs is empty, expected at least one'],
    [
      'a row without a counted token',
      [{ ...pairs[0]!, rejected: { tokens: [1, 2], mask: [1, 0] } }],
      { padTokenId: 0 },
      'collatePairs: pairs[0].rejected has no counted token after its first token',
    ],
    [
      'a mask of another length',
      [{ ...pairs[0]!, chosen: { tokens: [1, 2], mask: [1] } }],
      { padTokenId: 0 },
      'collatePairs: pairs[0].chosen has 2 tokens and a mask of length 1',
    ],
    [
      'a mask of other numbers',
      [{ ...pairs[0]!, chosen: { tokens: [1, 2, 3], mask: [0, 1, 2] } }],
      { padTokenId: 0 },
      'collatePairs: value 2 of pairs[0].chosen.mask must be 0 or 1, got 2',
    ],
    ['a list of tokens for a row', [{ ...pairs[0]!, chosen: [1] as never }], { padTokenId: 0 }, 'collatePairs: pairs[0].chosen is a list, expected { tokens, mask }'], // prettier-ignore
    ['a row without a mask', [{ ...pairs[0]!, chosen: { tokens: [1, 2] } as never }], { padTokenId: 0 }, 'collatePairs: pairs[0].chosen lacks mask, expected { tokens, mask }'], // prettier-ignore
    ['a text for tokens', [{ ...pairs[0]!, chosen: { tokens: 'ab', mask: [0, 1] } as never }], { padTokenId: 0 }, 'collatePairs: pairs[0].chosen.tokens is "ab", expected a list'], // prettier-ignore
    ['a token that is not an integer', [{ ...pairs[0]!, chosen: { tokens: [1, 2.5], mask: [0, 1] } }], { padTokenId: 0 }, 'collatePairs: value 1 of pairs[0].chosen.tokens must be a token id, an integer in [0, 2^31), got 2.5'], // prettier-ignore
    ['a row of data', [{ chosen: 'a', rejected: 'b' } as never], { padTokenId: 0 }, 'collatePairs: pairs[0].chosen is "a", expected { tokens, mask }'], // prettier-ignore
    ['a side alone', [{ row: 0, chosen: pairs[0]!.chosen } as never], { padTokenId: 0 }, 'collatePairs: pairs[0] lacks rejected, expected { chosen, rejected }'], // prettier-ignore
    ['the result of encodePairs', { pairs, dropped: [] } as never, { padTokenId: 0 }, 'collatePairs: pairs is a value of type Object, expected a list'], // prettier-ignore
    ['a log-prob that is not a number', [{ ...pairs[0]!, reference: { chosen: -1, rejected: null as never } }], { padTokenId: 0 }, 'collatePairs: pairs[0].reference.rejected is null, expected a number'], // prettier-ignore
    ['weights of another length', [{ ...pairs[0]!, chosen: { tokens: [1, 2], mask: [0, 1], weights: [1] } }], { padTokenId: 0 }, 'collatePairs: pairs[0].chosen has 2 tokens and weights of length 1'], // prettier-ignore
    ['a negative weight', [{ ...pairs[0]!, chosen: { tokens: [1, 2], mask: [0, 1], weights: [1, -1] } }], { padTokenId: 0 }, 'collatePairs: value 1 of pairs[0].chosen.weights must be finite and >= 0, got -1'], // prettier-ignore
    ['a weight that is not a number', [{ ...pairs[0]!, chosen: { tokens: [1, 2], mask: [0, 1], weights: [1, NaN] } }], { padTokenId: 0 }, 'collatePairs: value 1 of pairs[0].chosen.weights must be finite and >= 0, got NaN'], // prettier-ignore
    ['one log-prob for a pair', [{ ...pairs[0]!, reference: -1 as never }], { padTokenId: 0 }, 'collatePairs: pairs[0].reference is a number, expected { chosen, rejected }'], // prettier-ignore
  ])('%s is an error', (_, given, options, message) => {
    expect(() => collatePairs(given, options as never)).toThrow(message);
  });
});

describe('collateUnpaired', () => {
  it('has weights of examples and of tokens, also of mismatched completions', () => {
    const own = (row: number) => ({ ...example(row, [1], [2, 3]), weight: row });
    const mismatched = { ...example(0, [1], [4]), weights: [1, 0.25] };
    const batch = collateUnpaired(
      [
        { ...own(0), mismatched },
        { ...own(1), mismatched: example(1, [1], [5]) },
      ],
      { padTokenId: 0 },
    );
    expect([batch.weight, batch.weights, batch.mismatched!.weights]).toEqual([[0, 1], undefined, [[0, 0.25], [0, 1]]]); // prettier-ignore
  });

  it.each([
    [undefined, 'examples is undefined, expected a list'],
    [[null], 'examples[0] is null, expected { tokens, mask, label }'],
    [[pair(0, [1], [2], [3])], 'examples[0] lacks tokens, expected { tokens, mask, label }'],
    [[{ ...example(0, [1], [2]), label: 1 }], 'examples[0].label is a number, expected true or false'],
    [[{ ...example(0, [1], [2]), reference: '-1' }], 'examples[0].reference is "-1", expected a number'],
    [[{ ...example(0, [1], [2]), mismatched: [1, 2] }], 'examples[0].mismatched is a list, expected { tokens, mask }'],
  ])('%j is an error', (examples, message) => {
    expect(() => collateUnpaired(examples as never, { padTokenId: 0 })).toThrow(new TypeError(`collateUnpaired: ${message}`));
  });
});

describe('10,000 chat rows', () => {
  it('are all encoded and collated', () => {
    const turn = (i: number, text: string) => `${text} ${'word '.repeat(i % 13)}`;
    const rows = Array.from({ length: 10_000 }, (_, i) => ({
      prompt: [{ role: 'user', content: turn(i, 'Why?') }],
      chosen: [{ role: 'assistant', content: turn(i + 1, 'Because.') }],
      rejected: [{ role: 'assistant', content: turn(i + 2, 'No.') }],
    }));
    const { pairs, dropped } = encodePairs(rows, byteTokenizer(), { maxLength: 160, truncation: 'keepEnd' });
    expect([pairs.length, dropped]).toEqual([10_000, []]);
    const batches = batchesOf(pairs, { batchSize: 16, seed: 0, lengthOf: ({ chosen }) => chosen.tokens.length });
    const collated = batches.map((batch) => collatePairs(batch, { padTokenId: 258, padToMultipleOf: 8 }));
    expect(collated.reduce((sum, { tokens }) => sum + tokens.length, 0)).toBe(20_000);
  });
});
