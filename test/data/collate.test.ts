import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attachReference,
  batchesOf,
  collatePairs,
  collateUnpaired,
  completionMask,
  encodePairs,
  encodeUnpaired,
  labelsFromMask,
  maskFromLabels,
  mismatchCompletions,
  shiftLabels,
  unpairPreferences,
  validationSplit,
  type EncodedExample,
  type EncodedPair,
} from '../../src/index.js';
import { byteTokenizer } from '../support/chat.js';

const example = (row: number, prompt: readonly number[], completion: readonly number[], label = true): EncodedExample => ({
  row,
  label,
  tokens: [...prompt, ...completion],
  mask: [...prompt.map(() => 0), ...completion.map(() => 1)],
});
const pair = (row: number, prompt: readonly number[], chosen: readonly number[], rejected: readonly number[]): EncodedPair => ({
  row,
  chosen: example(row, prompt, chosen),
  rejected: example(row, prompt, rejected),
});

describe('collatePairs', () => {
  const pairs = [pair(0, [1, 2], [3, 4, 5], [6]), pair(1, [7], [8], [9, 10])];

  it('puts chosen rows first, fills up on the right, and shifts the labels', () => {
    expect(collatePairs(pairs, { padTokenId: 0 })).toEqual({
      tokens: [[1, 2, 3, 4, 5], [7, 8, 0, 0, 0], [1, 2, 6, 0, 0], [7, 9, 10, 0, 0]], // prettier-ignore
      attentionMask: [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0]], // prettier-ignore
      labels: [[-100, 3, 4, 5, -100], [8, -100, -100, -100, -100], [-100, 6, -100, -100, -100], [9, 10, -100, -100, -100]], // prettier-ignore
      mask: [[0, 1, 1, 1, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [1, 1, 0, 0, 0]], // prettier-ignore
    });
  });

  it('is what the functions for tensors say of the same rows', () => {
    const { tokens, labels, mask } = collatePairs(pairs, { padTokenId: 0, padToMultipleOf: 4 });
    const spans = completionMask({ promptLengths: [2, 1, 2, 1], lengths: [5, 2, 3, 3] }, 8);
    expect(labels).toEqual(shiftLabels(labelsFromMask(tokens, spans)));
    expect(mask).toEqual(maskFromLabels(labels));
    expect(collatePairs([pair(0, [1], [2, 3, 4], [5])], { padTokenId: 0, padToMultipleOf: 4 }).tokens[0]).toHaveLength(4);
  });

  it('takes one pair, and a token for filling up that also counts elsewhere', () => {
    const { tokens, labels } = collatePairs([pair(0, [1], [2, 9], [9])], { padTokenId: 9 });
    expect([tokens, labels]).toEqual([[[1, 2, 9], [1, 9, 9]], [[2, 9, -100], [9, -100, -100]]]); // prettier-ignore
  });

  it('carries log-probs of the reference along', () => {
    const withReference = pairs.map((p, i) => ({ ...p, reference: { chosen: -i, rejected: -10 - i } }));
    expect(collatePairs(withReference, { padTokenId: 0 }).reference).toEqual({ chosen: [-0, -1], rejected: [-10, -11] });
    expect(() => collatePairs([withReference[0]!, pairs[1]!], { padTokenId: 0 })).toThrow(
      'collatePairs: pairs[1] lacks reference, which pairs[0] has',
    );
  });

  it.each<[string, readonly EncodedPair[], object, string]>([
    [
      'no pad token',
      pairs,
      { padTokenId: undefined },
      'collatePairs: padTokenId is undefined: where a tokenizer has no pad token, give its end token',
    ],
    ['a pad token that is none', pairs, { padTokenId: -1 }, 'collatePairs: padTokenId must be a token id, an integer >= 0, got -1'],
    ['a multiple of 0', pairs, { padTokenId: 0, padToMultipleOf: 0 }, 'collatePairs: padToMultipleOf must be an integer >= 1, got 0'],
    ['no pairs', [], { padTokenId: 0 }, 'collatePairs: pairs is empty, expected at least one'],
    [
      'a row that does not count',
      [{ ...pairs[0]!, rejected: { tokens: [1, 2], mask: [1, 0] } }],
      { padTokenId: 0 },
      'collatePairs: pairs[0].rejected has no token that counts after its first',
    ],
    [
      'a mask of another length',
      [{ ...pairs[0]!, chosen: { tokens: [1, 2], mask: [1] } }],
      { padTokenId: 0 },
      'collatePairs: pairs[0].chosen has 2 tokens and a mask of 1',
    ],
    [
      'a mask of other numbers',
      [{ ...pairs[0]!, chosen: { tokens: [1, 2, 3], mask: [0, 1, 2] } }],
      { padTokenId: 0 },
      'collatePairs: value 2 of pairs[0].chosen.mask must be 0 or 1, got 2',
    ],
  ])('%s is an error', (_, given, options, message) => {
    expect(() => collatePairs(given, options as never)).toThrow(message);
  });
});

describe('mismatchCompletions and collateUnpaired', () => {
  const promptOf = ({ tokens, mask }: { tokens: readonly number[]; mask: readonly number[] }) => tokens.slice(0, mask.indexOf(1)).join();
  const completionOf = ({ tokens, mask }: { tokens: readonly number[]; mask: readonly number[] }) => tokens.slice(mask.indexOf(1)).join();

  it('keeps every prompt, gives each completion away once, and never to its own prompt', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6), { minLength: 2, maxLength: 31 }), (prompts) => {
        const most = Math.max(...prompts.map((p) => prompts.filter((q) => q === p).length));
        const examples = prompts.map((p, i) => example(i, [p], [100 + i, 7]));
        if (2 * most > prompts.length) {
          expect(() => mismatchCompletions(examples)).toThrow(
            `mismatchCompletions: ${most} of ${prompts.length} examples have the same prompt, expected half of them at most`,
          );
          return;
        }
        const result = mismatchCompletions(examples);
        expect(result.map(promptOf)).toEqual(examples.map(promptOf));
        expect(result.map(({ mismatched }) => promptOf(mismatched))).toEqual(examples.map(promptOf));
        const given = result.map(({ mismatched }) => completionOf(mismatched));
        expect([...given].sort()).toEqual(examples.map(completionOf).sort());
        const owners = new Map(examples.map((e) => [completionOf(e), promptOf(e)]));
        result.forEach((e, i) => {
          expect(owners.get(given[i]!)).not.toBe(promptOf(e));
        });
      }),
    );
  });

  it('works on both sides of pairs, in any order, of an odd number', () => {
    const rows = unpairPreferences(
      ['Um', 'Dois', 'Três'].map((prompt) => ({ prompt, chosen: ` ${prompt} sim`, rejected: ` ${prompt} não` })),
    ).slice(0, 5);
    const { examples } = encodeUnpaired(rows.reverse(), byteTokenizer());
    for (const { tokens, mask, mismatched } of mismatchCompletions(examples)) {
      expect(mismatched.tokens.slice(0, mask.indexOf(1))).toEqual(tokens.slice(0, mask.indexOf(1)));
      expect(completionOf(mismatched).startsWith(`32,${promptOf({ tokens, mask })}`)).toBe(false);
    }
  });

  it('keeps a completion from its own prompt, of which truncation has left different parts', () => {
    const sides = [['sim sim', 'não'], ['yes yes', 'nope nope'], ['ja', 'nein'], ['oui', 'non, non']]; // prettier-ignore
    const prompts = ['PROMPT-A:', 'PROMPT-A:', 'PROMPT-B:', 'PROMPT-C:'];
    const rows = unpairPreferences(sides.map(([chosen, rejected], i) => ({ prompt: prompts[i]!, chosen: chosen!, rejected: rejected! })));
    const { examples } = encodeUnpaired(rows, byteTokenizer(), { maxLength: 14, truncation: 'keepEnd' });
    const endOf = (i: number) => sides.flatMap((pair, p) => (prompts[p] === rows[i]!.prompt ? pair : []));
    const seen = mismatchCompletions(examples, { maxLength: 14, truncation: 'keepEnd' }).map(({ row, mismatched }) => {
      const completion = byteTokenizer().decode(mismatched.tokens.filter((_, t) => mismatched.mask[t] === 1));
      return endOf(row).some((own) => completion === `${own}<|im_end|>`);
    });
    expect(seen).toEqual(Array(8).fill(false));
    expect(new Set(examples.map(({ promptRow }) => promptRow))).toEqual(new Set([0, 2, 3]));
  });

  it('forgets what another completion had for a log-prob', () => {
    const examples = [example(0, [1], [2]), example(1, [3], [4])].map((e) => ({ ...e, mismatchedReference: -1 }));
    expect(mismatchCompletions(examples).some((e) => 'mismatchedReference' in e)).toBe(false);
  });

  it('holds to a length', () => {
    const examples = [example(0, [1, 2, 3], [4]), example(1, [5], [6, 7, 8])];
    expect(() => mismatchCompletions(examples, { maxLength: 5 })).toThrow(
      'mismatchCompletions: examples[0] with the completion of examples[1] has 6 tokens, expected at most 5, or the option truncation',
    );
    expect(mismatchCompletions(examples, { maxLength: 5, truncation: 'keepEnd' })[0]!.mismatched.tokens).toEqual([2, 3, 6, 7, 8]);
    expect(() => mismatchCompletions(examples, { maxLength: 3, truncation: 'keepStart' })).toThrow(
      'no token of the completion is left within 3 tokens',
    );
    expect(() => mismatchCompletions([examples[0]!])).toThrow(
      'mismatchCompletions: 1 of 1 examples have the same prompt, expected half of them at most',
    );
    expect(mismatchCompletions([])).toEqual([]);
  });

  it('go into two batches side by side', () => {
    const examples = [example(0, [1], [2, 3]), example(1, [4, 5], [6], false)].map((e, i) => ({ ...e, reference: -i - 1 }));
    const mismatched = mismatchCompletions(examples).map((e) => ({ ...e, mismatchedReference: -5 }));
    expect(collateUnpaired(mismatched, { padTokenId: 0 })).toEqual({
      tokens: [[1, 2, 3], [4, 5, 6]], // prettier-ignore
      attentionMask: [[1, 1, 1], [1, 1, 1]], // prettier-ignore
      labels: [[2, 3, -100], [-100, 6, -100]], // prettier-ignore
      mask: [[1, 1, 0], [0, 1, 0]], // prettier-ignore
      desirable: [1, 0],
      reference: [-1, -2],
      mismatched: {
        tokens: [[1, 6, 0, 0], [4, 5, 2, 3]], // prettier-ignore
        attentionMask: [[1, 1, 0, 0], [1, 1, 1, 1]], // prettier-ignore
        labels: [[6, -100, -100, -100], [-100, 2, 3, -100]], // prettier-ignore
        mask: [[1, 0, 0, 0], [0, 1, 1, 0]], // prettier-ignore
        reference: [-5, -5],
      },
    });
    const [plain] = [example(0, [1], [2])];
    expect(Object.keys(collateUnpaired([plain!], { padTokenId: 0 }))).toEqual(['tokens', 'attentionMask', 'labels', 'mask', 'desirable']);
    expect(() => collateUnpaired([plain!, mismatched[0]!], { padTokenId: 0 })).toThrow(
      'collateUnpaired: examples[0] lacks reference, which examples[1] has',
    );
  });
});

describe('batchesOf', () => {
  const items = Array.from({ length: 1007 }, (_, i) => (i * 7919) % 512);

  it('has every item once, for any options', () => {
    for (const options of [{}, { seed: 1 }, { lengthOf: (n: number) => n }, { seed: 1, lengthOf: (n: number) => n }]) {
      const batches = batchesOf(items, { batchSize: 8, ...options });
      expect(batches).toHaveLength(126);
      expect(batches.flat().sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
    }
    expect(batchesOf([], { batchSize: 3, seed: 1, lengthOf: () => 1 })).toEqual([]);
  });

  it('has the same order for a seed on every machine', () => {
    expect(batchesOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { batchSize: 10, seed: 1 })).toEqual([[7, 8, 3, 2, 1, 5, 9, 4, 0, 6]]);
  });

  it('names an item without a length', () => {
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

  it('leaves little to fill up where it sorts by length, and begins with the longest', () => {
    const filled = (batches: number[][]) => batches.reduce((sum, batch) => sum + batch.reduce((s, n) => s + Math.max(...batch) - n, 0), 0);
    const sorted = batchesOf(items, { batchSize: 8, seed: 3, lengthOf: (n) => n });
    expect(filled(sorted)).toBeLessThan(filled(batchesOf(items, { batchSize: 8, seed: 3 })) / 10);
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

  it('parts the items by the seed, in their order', () => {
    const { train, validation } = validationSplit(items, { validation: 0.25, seed: 4 });
    expect([train.length, validation.length]).toEqual([15, 5]);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual(items);
    expect(validation).toEqual([...validation].sort((a, b) => a - b));
    expect(validationSplit(items, { validation: 5, seed: 4 }).validation).toEqual(validation);
    expect(validationSplit(items, { validation: 5, seed: 5 }).validation).not.toEqual(validation);
    expect(validationSplit(items, { validation: 0.001, seed: 5 }).validation).toHaveLength(1);
  });

  it('does not part what belongs together', () => {
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
    [{ validation: 20, seed: 1 }, 'validationSplit: 20 of 20 items would be held out, and none left to train on'],
    [{ validation: 1, seed: 0.5 }, 'validationSplit: seed must be an integer in [0, 2^32), got 0.5'],
  ])('%j is an error', (options, message) => {
    expect(() => validationSplit(items, options)).toThrow(message);
  });
});

describe('attachReference', () => {
  it('puts log-probs beside the items of each batch', () => {
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

  it('names the batch that does not fit', () => {
    const batches = [[pair(0, [1], [2], [3])]];
    expect(() => attachReference(batches, [])).toThrow(new RangeError('attachReference: results has 0 batches, expected 1'));
    expect(() => attachReference(batches, [[[-1]]])).toThrow(new RangeError('attachReference: results[0] has 1 lists, expected 2'));
    expect(() => attachReference(batches, [[[-1], []]])).toThrow(new RangeError('attachReference: results[0][1] has 0 values, expected 1'));
  });
});

describe('10,000 chat rows', () => {
  it('go through encoding and collation, every one', () => {
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
