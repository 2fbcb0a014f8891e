import { describe, expect, it } from 'vitest';
import { samLogProbs } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, read, tensor, type X } from '../support/engine.js';
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

  it('draws by the position of a pair and by T, whatever the other pairs are', async () => {
    const powers = [1, 2, 4, 8, 16];
    const chosenSums = async (rows: number, padding: number, seed: number): Promise<number[]> => {
      const repeated = (row: number[]): X => tensor(Array.from({ length: rows }, () => [...row, ...Array<number>(padding).fill(0)]));
      const pairMasks = { chosen: repeated([1, 1, 1, 1, 1]), rejected: repeated([1, 1, 0, 0, 0]) };
      const { chosen: c } = samLogProbs<X>({ chosen: repeated(powers), rejected: repeated(powers) }, pairMasks, { seed });
      return (await read(c)) as number[];
    };
    let moved = 0;
    let widened = 0;
    for (let seed = 0; seed < 8; seed++) {
      const [[alone], [first, second], [padded]] = [
        await chosenSums(1, 0, seed),
        await chosenSums(2, 0, seed),
        await chosenSums(1, 3, seed),
      ];
      expect(first).toBe(alone);
      moved += Number(second !== first);
      widened += Number(padded !== alone);
    }
    expect(moved).toBeGreaterThan(0);
    expect(widened).toBeGreaterThan(0);
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
    expectError(() => samLogProbs(x, m, {} as never), TypeError, 'samLogProbs: seed is undefined, expected a number');
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
