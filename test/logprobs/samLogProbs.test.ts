import { describe, expect, it } from 'vitest';
import { ops, samLogProbs } from '../../src/index.js';
import { derivatives, expectError, expectGradients, expectNoLeak, expectValues, read, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';
import { chosen, rejected, masks, sides, logps, both } from '../support/tokenPairs.js';

describe('samLogProbs', () => {
  /** Which tokens were drawn: log-probs are powers of 2, so the bits of the sum show it. */
  const drawn = async (seed: number): Promise<[number[][], number[][]]> => {
    const ones = (x: number[][]): number[][] => x.map((row) => row.map((_, t) => 2 ** t));
    const x = sides({ chosen: ones(chosen), rejected: ones(rejected) });
    const of = async (side: X): Promise<number[][]> =>
      ((await read(side)) as number[]).map((v) => chosen[0]!.map((_, t) => Math.floor(v / 2 ** t) % 2));
    const { chosen: c, rejected: r } = samLogProbs<X>(x, sides(masks), { seed });
    return [await of(c), await of(r)];
  };
  const count = (row: number[]): number => row.reduce((a, b) => a + b, 0);

  it('draws as many counted tokens as the shorter side has, and none if it is empty', async () => {
    for (const seed of [0, 1, 2, 3, 2 ** 32 - 1]) {
      const [c, r] = await drawn(seed);
      expect(c.map(count)).toEqual([2, 2, 0]);
      expect(r.map(count)).toEqual([2, 2, 0]);
      c.forEach((row, i) => {
        row.forEach((v, t) => {
          expect(v).toBeLessThanOrEqual(masks.chosen[i]![t]!);
        });
      });
      expect(r.slice(0, 2)).toEqual(masks.rejected.slice(0, 2)); // the shorter side is whole
    }
  });

  it('draws the same tokens for the same seed, and each token about equally often', async () => {
    expect(await drawn(7)).toEqual(await drawn(7));
    const rows = await Promise.all(Array.from({ length: 40 }, async (_, seed) => (await drawn(seed))[0][1]!));
    const often = chosen[0]!.map((_, t) => rows.reduce((n, row) => n + row[t]!, 0));
    // Two of five, 40 times: 16 on average, with a standard deviation of 3.
    for (const n of often) expect(Math.abs(n - 16)).toBeLessThan(11);
  });

  describe('with one seed per pair', () => {
    // Ten tokens, whose log-probs are distinct powers of 2.
    const powers = Array.from({ length: 10 }, (_, t) => 2 ** t);
    const lengths = { chosen: [10, 7, 3], rejected: [4, 9, 1] };
    const seeds = [11, 2 ** 32 - 1, 0];
    const PADDINGS = [[0, 1], [0, 5], [1, 0], [3, 2]] as const; // prettier-ignore

    /** Values and gradients of some of the pairs, side by side, with padding around their tokens. */
    const sampled = async (pairs: readonly number[], left = 0, right = 0): Promise<number[][][]> => {
      const padded = (row: number[], padding: number): number[] => [
        ...Array<number>(left).fill(padding),
        ...row,
        ...Array<number>(right).fill(padding),
      ];
      const mask = (side: 'chosen' | 'rejected'): X =>
        tensor(pairs.map((i) => padded(powers.map((_, t) => Number(t < lengths[side][i]!)), 0))); // prettier-ignore
      const pairMasks = { chosen: mask('chosen'), rejected: mask('rejected') };
      const options = { seed: pairs.map((i) => seeds[i]!) };
      const side = (x: X) => ops.reshape<X>(x, [pairs.length, 1]);
      const f = (x: X): X => {
        const { chosen: c, rejected: r } = samLogProbs<X>({ chosen: x, rejected: x }, pairMasks, options);
        return ops.concat<X>([side(c), side(r)], 1);
      };
      const input = pairs.map(() => padded(powers, 1024));
      const values = (await read(f(tensor(input)))) as number[][];
      const { grads } = await derivatives((x) => ops.sum<X>(f(x)), [input]);
      // The weight by which `derivatives` multiplies a scalar is divided out.
      const tokens = (grads[0] as number[][]).map((row) => row.slice(left, left + 10).map((g) => Math.round(g / weight(0))));
      return pairs.map((_, i) => [values[i]!, tokens[i]!]);
    };

    it('a batch equals its parts, in any order', async () => {
      const whole = await sampled([0, 1, 2]);
      expect([...(await sampled([0])), ...(await sampled([1, 2]))]).toEqual(whole);
      expect((await sampled([2, 1, 0])).reverse()).toEqual(whole);
    });

    it('draws the same tokens wherever the padding is', async () => {
      const whole = await sampled([0, 1, 2]);
      for (const [left, right] of PADDINGS) {
        expect(await sampled([0, 1, 2], left, right)).toEqual(whole);
      }
    });

    it('draws differently for pairs of different seeds', async () => {
      const x = { chosen: tensor([powers, powers]), rejected: tensor([powers, powers]) };
      const ones = powers.map(() => 1);
      const five = powers.map((_, t) => Number(t < 5));
      const pairMasks = { chosen: tensor([ones, ones]), rejected: tensor([five, five]) };
      const sums = async (seed: number | number[]): Promise<number[]> =>
        (await read(samLogProbs<X>(x, pairMasks, { seed }).chosen)) as number[];
      const [first, second] = await sums([1, 2]);
      expect(first).not.toBe(second);
      expect(await sums([2, 1])).toEqual([second, first]);
      // One seed for the batch still gives each pair its own draw.
      const [one, other] = await sums(1);
      expect(one).not.toBe(other);
    });
  });

  it('sums the drawn tokens, with gradient 1 for them and 0 for others', async () => {
    const [c, r] = await drawn(3);
    const expected = (rows: number[][], picks: number[][]): number[] =>
      rows.map((row, i) => row.reduce((sum, v, t) => sum + v * picks[i]![t]!, 0));
    const own = samLogProbs<X>(logps(), sides(masks), { seed: 3 });
    await expectValues(own.chosen, expected(chosen, c), 10);
    await expectValues(own.rejected, expected(rejected, r), 10);
    const f = (x: X, y: X): X => both(samLogProbs<X>({ chosen: x, rejected: y }, sides(masks), { seed: 3 }));
    const slope = (picks: number[][], first: number): number[][] => picks.map((row, i) => row.map((v) => v * weight(first + i)));
    await expectGradients(f, [chosen, rejected], [slope(c, 0), slope(r, 3)]);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, m] = [logps(), sides(masks)];
    expectNoLeak(() => samLogProbs(x, m, { seed: 1 }), 2);
    for (const seed of [-1, 1.5, 2 ** 32, NaN]) {
      expectError(() => samLogProbs(x, m, { seed }), RangeError, `samLogProbs: seed must be an integer in [0, 2^32), got ${seed}`);
    }
    expectError(() => samLogProbs(x, m, {} as never), TypeError, 'samLogProbs: seed is undefined, expected a number or a list of numbers');
    expectError(() => samLogProbs(x, m, { seed: [1, 2] }), RangeError, 'samLogProbs: seed has shape [2], expected [3], one per pair');
    expectError(
      () => samLogProbs(x, m, { seed: [1, -2, 3] }),
      RangeError,
      'samLogProbs: value 1 of seed must be an integer in [0, 2^32), got -2',
    );
    expectError(
      () => samLogProbs(x, {} as never, { seed: 1 }),
      TypeError,
      'samLogProbs: masks lacks chosen, expected { chosen, rejected }',
    );
  });

  it('names missing arguments, wrong shapes and unknown options', () => {
    const none = 'is not a tensor: no registered engine owns null';
    const [flat, rows, ones] = [tensor([-1, -2]), tensor([[-1, -2], [-3, -4]]), tensor([[1, 1], [1, 0]])]; // prettier-ignore
    const both = { chosen: ones, rejected: ones };
    expectError(() => samLogProbs<X>({ chosen: null, rejected: rows }, both, { seed: 1 }), TypeError, `samLogProbs: logps.chosen ${none}`);
    expectError(() => samLogProbs<X>({ chosen: flat, rejected: flat }, both, { seed: 1 }), RangeError, 'samLogProbs: logps.chosen has shape [2], expected rank 2'); // prettier-ignore
    expectError(() => samLogProbs<X>({ chosen: rows, rejected: rows }, both, { seed: 1, x: 1 } as X), RangeError, 'samLogProbs: unknown option x, expected seed'); // prettier-ignore
  });
});
