import { describe, expect, it } from 'vitest';
import { hashTokens, mismatchCompletions, type HashedItem } from '../../src/index.js';
import { example, pair } from '../support/encoded.js';

const sequence = { tokens: [1, 2], mask: [0, 1] };

describe('hashTokens', () => {
  it('never changes: stored hashes stay valid', () => {
    // From the formula of its doc comment in Python.
    expect(hashTokens(sequence)).toBe('7bbee97025fe00a7');
    expect(hashTokens({ tokens: [1, 2], mask: [1, 1] })).toBe('144e421d7eab6244');
    expect(hashTokens({ ...sequence, mismatched: { tokens: [1, 3], mask: [0, 1] } })).toBe('62ad993ad5693aa8');
    const chosen = { tokens: [1, 2 ** 31 - 1], mask: [0, 1], weights: [0, 0.1] };
    expect(hashTokens({ chosen, rejected: { tokens: [1, 3, 4], mask: [0, 1, 1] } })).toBe('382ce2178ca0a291');
  });

  it('depends on tokens, masks and weights only, and on nothing that JSON loses', () => {
    const own = { ...example(3, [1], [2]), weights: [-0, 1], reference: -1, weight: 2 };
    const other = { ...own, row: 4, label: false, promptRow: 1, reference: -3, weight: 0 };
    expect(hashTokens(other)).toBe(hashTokens(own));
    expect(hashTokens(JSON.parse(JSON.stringify(own)) as HashedItem)).toBe(hashTokens(own));
  });

  it('changes with each bit of a token, of a mask and of a weight, and with order, borders, sides and kind', () => {
    const tokens = [0, 5, 2 ** 31 - 1, 7, 7];
    const base = { tokens, mask: [0, 0, 1, 1, 1] };
    const put = (list: readonly number[], i: number, value: number) => list.map((old, n) => (n === i ? value : old));
    const weighted = (weights: readonly number[]) => ({ ...base, weights });
    const ones = tokens.map(() => 1);
    const variants: HashedItem[] = [
      base,
      ...tokens.flatMap((token, i) => Array.from({ length: 31 }, (_, bit) => ({ ...base, tokens: put(tokens, i, token ^ (1 << bit)) }))),
      ...base.mask.map((bit, i) => ({ ...base, mask: put(base.mask, i, 1 - bit) })),
      { ...base, tokens: [5, 0, 2 ** 31 - 1, 7, 7] },
      { tokens: [...tokens, 0], mask: [...base.mask, 0] },
      { tokens: tokens.slice(1), mask: base.mask.slice(1) },
      weighted(ones),
      ...tokens.flatMap((_, i) => [0, 1 + 2 ** -52, 1e-300, 2, 2 ** 32].map((weight) => weighted(put(ones, i, weight)))),
    ];
    // Two sequences of the same tokens in a row, with the border at each place, and one of them first.
    const [row, mask] = [[7, 7, 7, 7, 7, 7], [1, 1, 1, 1, 1, 1]]; // prettier-ignore
    const part = (from: number, to?: number) => ({ tokens: row.slice(from, to), mask: mask.slice(from, to) });
    for (const at of [2, 3, 4]) {
      variants.push({ chosen: part(0, at), rejected: part(at) }, { ...part(0, at), mismatched: part(at) });
    }
    const [first, second] = [sequence, { tokens: [1, 3], mask: [0, 1] }]; // prettier-ignore
    variants.push(first, { chosen: first, rejected: second }, { chosen: second, rejected: first }, { ...first, mismatched: second });
    expect(new Set(variants.map(hashTokens)).size).toBe(variants.length);
  });

  it('flips each bit of the hash for half of the changes of one bit', () => {
    const bitsOf = (item: HashedItem) => Array.from(hashTokens(item), (digit) => parseInt(digit, 16).toString(2).padStart(4, '0')).join(''); // prettier-ignore
    const flips = new Array<number>(64).fill(0);
    let changes = 0;
    for (let n = 0; n < 50; n++) {
      const tokens = [n, 3 * n, n * n];
      const before = bitsOf({ tokens, mask: [0, 1, 1] });
      // The last token, which least is mixed after, included.
      for (let bit = 0; bit < 31 * tokens.length; bit++, changes++) {
        const changed = tokens.map((token, t) => (t === Math.floor(bit / 31) ? token ^ (1 << (bit % 31)) : token));
        Array.from(bitsOf({ tokens: changed, mask: [0, 1, 1] })).forEach((digit, i) => (flips[i]! += Number(digit !== before[i])));
      }
    }
    // The standard deviation of a fair coin is 0.0073 for 4,650 tosses.
    for (const count of flips) expect(Math.abs(count / changes - 0.5)).toBeLessThan(0.04);
  });

  it('tells a million close neighbours apart, and each half of it as often as chance does', () => {
    const [whole, upper, lower] = [new Set<string>(), new Set<string>(), new Set<string>()]; // prettier-ignore
    for (let i = 0; i < 1000; i++) {
      for (let j = 0; j < 1000; j++) {
        const hash = hashTokens({ tokens: [1, i, j], mask: [0, 1, 1] });
        whole.add(hash);
        upper.add(hash.slice(0, 8));
        lower.add(hash.slice(8));
      }
    }
    expect(whole.size).toBe(1e6);
    // n^2 / 2^33 = 116 collisions are expected of 32 bits, with a standard deviation of 11.
    for (const half of [upper, lower]) expect(Math.abs(1e6 - half.size - 116)).toBeLessThan(55);
  });

  it('takes what the encoders give', () => {
    const examples = mismatchCompletions([example(0, [1], [2]), example(1, [3], [4])]);
    expect(new Set([...examples, pair(0, [1], [2], [4]), example(0, [1], [2])].map(hashTokens)).size).toBe(4);
  });

  it.each<[string, unknown, typeof TypeError | typeof RangeError]>([
    ['item is undefined, expected an encoded pair or example', undefined, TypeError],
    ['item is a list, expected an encoded pair or example', [1], TypeError],
    ['item lacks tokens, expected { tokens, mask }', {}, TypeError],
    ['item lacks rejected, expected { chosen, rejected }', { chosen: sequence }, TypeError],
    ['item.rejected lacks mask, expected { tokens, mask }', { chosen: sequence, rejected: { tokens: [1, 2] } }, TypeError],
    ['item.mismatched is null, expected { tokens, mask }', { ...sequence, mismatched: null }, TypeError],
    ['item has 2 tokens and a mask of length 1', { tokens: [1, 2], mask: [1] }, RangeError],
    ['value 1 of item.tokens must be a token id, an integer in [0, 2^31), got -1', { tokens: [1, -1], mask: [0, 1] }, RangeError],
    ['value 1 of item.weights must be finite and >= 0, got NaN', { ...sequence, weights: [1, NaN] }, RangeError],
  ])('%s', (message, item, kind) => {
    expect(() => hashTokens(item as never)).toThrow(new kind(`hashTokens: ${message}`));
  });
});
