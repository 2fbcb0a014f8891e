import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collateUnpaired, encodeUnpaired, mismatchCompletions, unpairPreferences } from '../../src/index.js';
import { byteTokenizer } from '../support/chat.js';
import { example } from '../support/encoded.js';

describe('mismatchCompletions and collateUnpaired', () => {
  const promptOf = ({ tokens, mask }: { tokens: readonly number[]; mask: readonly number[] }) => tokens.slice(0, mask.indexOf(1)).join();
  const completionOf = ({ tokens, mask }: { tokens: readonly number[]; mask: readonly number[] }) => tokens.slice(mask.indexOf(1)).join();

  it('keeps every prompt, uses each completion once, and never with its own prompt', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6), { minLength: 2, maxLength: 31 }), (prompts) => {
        const most = Math.max(...prompts.map((p) => prompts.filter((q) => q === p).length));
        const examples = prompts.map((p, i) => example(i, [p], [100 + i, 7]));
        if (2 * most > prompts.length) {
          expect(() => mismatchCompletions(examples)).toThrow(
            `mismatchCompletions: ${most} of ${prompts.length} examples have the same prompt, expected at most half`,
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

  it('works for the sides of pairs, in any order and in odd numbers', () => {
    const rows = unpairPreferences(
      ['Um', 'Dois', 'Três'].map((prompt) => ({ prompt, chosen: ` ${prompt} sim`, rejected: ` ${prompt} não` })),
    ).slice(0, 5);
    const { examples } = encodeUnpaired(rows.reverse(), byteTokenizer());
    for (const { tokens, mask, mismatched } of mismatchCompletions(examples)) {
      expect(mismatched.tokens.slice(0, mask.indexOf(1))).toEqual(tokens.slice(0, mask.indexOf(1)));
      expect(completionOf(mismatched).startsWith(`32,${promptOf({ tokens, mask })}`)).toBe(false);
    }
  });

  it('never joins a completion with its own prompt, even if truncation has cut the prompt to different parts', () => {
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

  it('drops the log-prob of an earlier mismatched completion', () => {
    const examples = [example(0, [1], [2]), example(1, [3], [4])].map((e) => ({ ...e, mismatchedReference: -1 }));
    expect(mismatchCompletions(examples).some((e) => 'mismatchedReference' in e)).toBe(false);
  });

  it('observes maxLength', () => {
    const examples = [example(0, [1, 2, 3], [4]), example(1, [5], [6, 7, 8])];
    expect(() => mismatchCompletions(examples, { maxLength: 5 })).toThrow(
      'mismatchCompletions: examples[0] with the completion of examples[1] has 6 tokens, expected at most 5; set truncation to cut longer rows',
    );
    expect(mismatchCompletions(examples, { maxLength: 5, truncation: 'keepEnd' })[0]!.mismatched.tokens).toEqual([2, 3, 6, 7, 8]);
    expect(() => mismatchCompletions(examples, { maxLength: 3, truncation: 'keepStart' })).toThrow(
      'has no counted token after its first token within 3 tokens',
    );
    expect(() => mismatchCompletions([examples[0]!])).toThrow(
      'mismatchCompletions: 1 of 1 examples have the same prompt, expected at most half',
    );
    expect(mismatchCompletions([])).toEqual([]);
  });

  it.each([
    [undefined, 'examples is undefined, expected a list'],
    [[example(0, [1], [2]), [1]], 'examples[1] is a list, expected { tokens, mask }'],
    [[{ ...example(0, [1], [2]), mask: [0, 0] }], 'examples[0] has no counted token after its first token'],
  ])('%j is an error', (examples, message) => {
    expect(() => mismatchCompletions(examples as never)).toThrow(`mismatchCompletions: ${message}`);
  });

  it('make two aligned batches', () => {
    const examples = [example(0, [1], [2, 3]), example(1, [4, 5], [6], false)].map((e, i) => ({ ...e, reference: -i - 1 }));
    const mismatched = mismatchCompletions(examples).map((e) => ({ ...e, mismatchedReference: -5 }));
    expect(collateUnpaired(mismatched, { padTokenId: 0 })).toEqual({
      tokens: [[1, 2, 3], [4, 5, 6]], // prettier-ignore
      attentionMask: [[1, 1, 1], [1, 1, 1]], // prettier-ignore
      mask: [[0, 1, 1], [0, 0, 1]], // prettier-ignore
      desirable: [1, 0],
      reference: [-1, -2],
      mismatched: {
        tokens: [[1, 6, 0, 0], [4, 5, 2, 3]], // prettier-ignore
        attentionMask: [[1, 1, 0, 0], [1, 1, 1, 1]], // prettier-ignore
        mask: [[0, 1, 0, 0], [0, 0, 1, 1]], // prettier-ignore
        reference: [-5, -5],
      },
    });
    const [plain] = [example(0, [1], [2])];
    expect(Object.keys(collateUnpaired([plain!], { padTokenId: 0 }))).toEqual(['tokens', 'attentionMask', 'mask', 'desirable']);
    expect(() => collateUnpaired([plain!, mismatched[0]!], { padTokenId: 0 })).toThrow(
      'collateUnpaired: examples[0] lacks reference, which examples[1] has',
    );
  });
});
