import { encode } from 'gpt-tokenizer/encoding/r50k_base';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packPairs, packSequences, type EncodedPair, type Sequence } from '../../src/index.js';
import { generator } from '../../src/internal/random.js';
import { example, pair } from '../support/encoded.js';

const ofLength = (length: number, id = 1): Sequence => ({
  tokens: new Array<number>(length).fill(id),
  mask: Array.from({ length }, (_, t) => Number(t > 0)),
});
const lengthsOf = (packs: readonly (readonly Sequence[])[]) => packs.map((pack) => pack.map(({ tokens }) => tokens.length));

describe('packSequences', () => {
  it('puts each sequence, the longest first, into the first pack with enough space', () => {
    const { packs, dropped } = packSequences([3, 7, 2, 5, 4, 10].map((n) => ofLength(n)), { maxLength: 10 }); // prettier-ignore
    expect(lengthsOf(packs)).toEqual([[10], [7, 3], [5, 4], [2]]);
    expect(dropped).toEqual([]);
  });

  it('loses nothing, keeps to the limit, and is the same for the same seed', () => {
    const random = generator(3);
    const sequences = Array.from({ length: 500 }, (_, i) => ofLength(2 + Math.floor(60 * random()), i));
    const of = (seed?: number) => packSequences(sequences, { maxLength: 64, ...(seed !== undefined && { seed }) }).packs;
    for (const packs of [of(), of(1), of(2)]) {
      expect(new Set(packs.flat())).toEqual(new Set(sequences));
      expect(packs.flat()).toHaveLength(sequences.length);
      expect(Math.max(...lengthsOf(packs).map((lengths) => lengths.reduce((a, b) => a + b)))).toBeLessThanOrEqual(64);
    }
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    // The seed shuffles the packs, and exchanges sequences of equal length.
    expect(of(1).map((pack) => pack[0]!.tokens.length)).not.toEqual(of().map((pack) => pack[0]!.tokens.length));
    const partners = (packs: Sequence[][]) => packs.map((pack) => pack.map(({ tokens }) => tokens[0]!).sort().join()).sort(); // prettier-ignore
    expect(partners(of(1))).not.toEqual(partners(of(2)));
  });

  it('takes an empty list, and sequences of exactly the limit', () => {
    expect(packSequences([], { maxLength: 4 })).toEqual({ packs: [], dropped: [] });
    expect(lengthsOf(packSequences([ofLength(4), ofLength(4)], { maxLength: 4 }).packs)).toEqual([[4], [4]]);
  });

  it('throws for a sequence that is longer than a pack, or drops and reports it', () => {
    const sequences = [example(7, [1], [2]), example(9, [1, 2], [3, 4])];
    expect(() => packSequences(sequences, { maxLength: 3 })).toThrow(
      new RangeError('packSequences: sequences[1] has 4 tokens, expected at most 3; set dropBadRows to drop what is longer than a pack'),
    );
    const { packs, dropped } = packSequences(sequences, { maxLength: 3, dropBadRows: true });
    expect([packs, dropped]).toEqual([[[sequences[0]]], [{ row: 9, reason: 'has 4 tokens, expected at most 3' }]]);
    expect(packSequences([ofLength(2), ofLength(4)], { maxLength: 3, dropBadRows: true }).dropped[0]!.row).toBe(1);
  });

  it.each<[string, unknown, object, string]>([
    ['no list', { tokens: [1] }, { maxLength: 4 }, 'packSequences: sequences is a value of type Object, expected a list'],
    ['a list of tokens', [[1, 2]], { maxLength: 4 }, 'packSequences: sequences[0] is a list, expected { tokens, mask }'],
    [
      'a text for tokens',
      [{ tokens: 'ab', mask: [0, 1] }],
      { maxLength: 4 },
      'packSequences: sequences[0].tokens is "ab", expected a list',
    ],
    ['no limit', [], {}, 'packSequences: maxLength is undefined, expected a number'],
    ['a limit of 0', [], { maxLength: 0 }, 'packSequences: maxLength must be an integer >= 1, got 0'],
    ['a seed that is no seed', [], { maxLength: 4, seed: -1 }, 'packSequences: seed must be an integer in [0, 2^32), got -1'],
    ['a flag that is no flag', [], { maxLength: 4, dropBadRows: 1 }, 'packSequences: dropBadRows is a number, expected true or false'],
    ['an unknown option', [], { maxLength: 4, size: 1 }, 'packSequences: unknown option size, expected maxLength, seed, dropBadRows'],
  ])('%s is an error', (_, sequences, options, message) => {
    expect(() => packSequences(sequences as never, options as never)).toThrow(message);
  });
});

describe('packPairs', () => {
  it('keeps both sides of a pair in one pack', () => {
    const pairs = [pair(0, [1], [2], [3, 4]), pair(1, [1, 2], [3], [4, 5, 6]), pair(2, [1], [2], [3])];
    const { packs } = packPairs(pairs, { maxLength: 9 });
    expect(packs).toEqual([[pairs[1]], [pairs[0], pairs[2]]]);
    expect(() => packPairs(pairs, { maxLength: 7 })).toThrow('packPairs: pairs[1] has 8 tokens, expected at most 7;');
    expect(packPairs(pairs, { maxLength: 7, dropBadRows: true }).dropped).toEqual([{ row: 1, reason: 'has 8 tokens, expected at most 7' }]);
    expect(() => packPairs([{ row: 0, chosen: ofLength(2) } as never], { maxLength: 7 })).toThrow(
      'packPairs: pairs[0] lacks rejected, expected { chosen, rejected }',
    );
  });
});

describe('100,000 items with the lengths of the rows of hh-rlhf', () => {
  interface Message {
    readonly content: string;
  }
  interface Row {
    readonly prompt: Message[];
    readonly chosen: Message[];
    readonly rejected: Message[];
  }
  const text = readFileSync(new URL('../../examples/data/hh-rlhf-sample.jsonl', import.meta.url), 'utf8');
  const rows = text.trim().split('\n').map((line) => JSON.parse(line) as Row); // prettier-ignore
  const side = (messages: Message[]) => ofLength(messages.reduce((sum, { content }) => sum + encode(content).length + 3, 0));
  const sample = rows.map(({ prompt, chosen, rejected }, row): EncodedPair => ({
    row,
    chosen: side([...prompt, ...chosen]),
    rejected: side([...prompt, ...rejected]),
  }));
  const random = generator(0);
  const pairs = Array.from({ length: 100_000 }, () => sample[Math.floor(random() * sample.length)]!);
  const tokensOf = (sequences: readonly Sequence[]) => sequences.reduce((sum, { tokens }) => sum + tokens.length, 0);

  it.each([512, 1024, 2048])('fill packs of %d tokens by over 95 percent', (maxLength) => {
    const sequences = pairs.map(({ chosen, rejected }, i) => (i % 2 === 0 ? chosen : rejected));
    const { packs } = packSequences(sequences, { maxLength, seed: 0 });
    expect(tokensOf(packs.flat()) / (packs.length * maxLength)).toBeGreaterThan(0.95);
    const ofPairs = packPairs(pairs, { maxLength, seed: 0 }).packs;
    const tokens = ofPairs.flat().reduce((sum, { chosen, rejected }) => sum + tokensOf([chosen, rejected]), 0);
    expect(tokens / (ofPairs.length * maxLength)).toBeGreaterThan(0.95);
  });
});
