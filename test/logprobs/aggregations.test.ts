import { describe, expect, it } from 'vitest';
import { humanlineClamp, ldLogProbs, ops, samLogProbs, sequenceLogProbs, type Pair } from '../../src/index.js';
import type { Values } from '../../src/testing/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, flatten, isReadable, read, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';

// Prompts in front, padding behind, holes between: a mask may hold anything.
const chosen = [[-1, -2, -3, -4, -5], [-6, -7, -8, -9, -10], [-1, -1, -1, -1, -1]]; // prettier-ignore
const rejected = [[-0.5, -0.25, -4, -2, -1], [-3, -5, -7, -2, -4], [-2, -2, -2, -2, -2]]; // prettier-ignore
const masks = {
  chosen: [[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]],
  rejected: [[0, 0, 1, 1, 0], [0, 1, 1, 0, 0], [1, 1, 1, 1, 1]],
}; // prettier-ignore

const sides = (x: { chosen: number[][]; rejected: number[][] }): Pair<X> => ({ chosen: tensor(x.chosen), rejected: tensor(x.rejected) });
const logps = (): Pair<X> => sides({ chosen, rejected });
const both = (x: Pair<X>): X => ops.concat<X>([x.chosen, x.rejected]);
const sums = async (x: X, mask: X): Promise<number[]> => (await read(sequenceLogProbs<X>(x, mask))) as number[];

describe('ldLogProbs', () => {
  it('counts what is longer than the other side at alpha', async () => {
    const { chosen: c, rejected: r } = ldLogProbs<X>(logps(), sides(masks), { alpha: 0.5 });
    await expectValues(c, [-2 - 3 - 2.5, -6 - 7 - 0.5 * (8 + 9 + 10), 0], 10);
    await expectValues(r, [-6, -12, -5], 10);
  });

  it('is the plain sum at alpha 1', async () => {
    const { chosen: c, rejected: r } = ldLogProbs<X>(logps(), sides(masks), { alpha: 1 });
    await expectValues(c, await sums(tensor(chosen), tensor(masks.chosen)), 10);
    await expectValues(r, await sums(tensor(rejected), tensor(masks.rejected)), 10);
  });

  it('has the gradient 1, alpha and 0, also beside what is not a number', async () => {
    const f = (c: X, r: X): X => both(ldLogProbs<X>({ chosen: c, rejected: r }, sides(masks), { alpha: 0.5 }));
    const slope = (rows: number[][], first: number): number[][] => rows.map((row, i) => row.map((v) => v * weight(first + i)));
    await expectGradients(f, [chosen, rejected], [
      slope([[0, 1, 1, 0, 0.5], [1, 1, 0.5, 0.5, 0.5], [0, 0, 0, 0, 0]], 0),
      slope([[0, 0, 1, 1, 0], [0, 1, 1, 0, 0], [0.5, 0.5, 0.5, 0.5, 0.5]], 3),
    ]); // prettier-ignore
    const holes = chosen.map((row, i) => row.map((v, t) => (masks.chosen[i]![t] === 1 ? v : NaN)));
    const { chosen: c } = ldLogProbs<X>(sides({ chosen: holes, rejected }), sides(masks), { alpha: 0.5 });
    await expectValues(c, [-7.5, -26.5, 0], 10);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, m] = [logps(), sides(masks)];
    expectNoLeak(() => ldLogProbs(x, m, { alpha: 0.5 }), 2);
    const call = (options: object) => () => ldLogProbs(x, m, options as never);
    expectError(call({ alpha: 1.5 }), RangeError, 'ldLogProbs: alpha must be in [0, 1], got 1.5');
    expectError(call({}), TypeError, 'ldLogProbs: alpha is undefined, expected a number');
    expectError(call({ alpha: 1, beta: 1 }), RangeError, 'ldLogProbs: unknown option beta, expected alpha');
    const two = tensor([[1, 1]]);
    const bad = 'has shape [1, 2], expected [3, 5] like logps.chosen';
    expectError(() => ldLogProbs({ ...x, rejected: two }, m, { alpha: 1 }), RangeError, `ldLogProbs: logps.rejected ${bad}`);
    expectError(() => ldLogProbs(x, { ...m, chosen: two }, { alpha: 1 }), RangeError, `ldLogProbs: masks.chosen ${bad}`);
    expectError(() => ldLogProbs(x, { ...m, rejected: two }, { alpha: 1 }), RangeError, `ldLogProbs: masks.rejected ${bad}`);
    expectError(() => ldLogProbs(x, {} as never, { alpha: 1 }), TypeError, 'ldLogProbs: masks lacks chosen, expected { chosen, rejected }');
    expectError(() => ldLogProbs({} as never, m, { alpha: 1 }), TypeError, 'ldLogProbs: logps lacks chosen, expected { chosen, rejected }');
  });
});

describe('samLogProbs', () => {
  /** Which tokens were drawn: the gradient is 1 there. */
  const drawn = async (seed: number): Promise<[number[][], number[][]]> => {
    const ones = (x: number[][]): number[][] => x.map((row) => row.map((_, t) => 2 ** t));
    const x = sides({ chosen: ones(chosen), rejected: ones(rejected) });
    const of = async (side: X): Promise<number[][]> =>
      ((await read(side)) as number[]).map((v) => chosen[0]!.map((_, t) => Math.floor(v / 2 ** t) % 2));
    const { chosen: c, rejected: r } = samLogProbs<X>(x, sides(masks), { seed });
    return [await of(c), await of(r)];
  };
  const count = (row: number[]): number => row.reduce((a, b) => a + b, 0);

  it('draws as many counted tokens as the shorter side has', async () => {
    for (const seed of [0, 1, 2, 3, 2 ** 32 - 1]) {
      const [c, r] = await drawn(seed);
      expect(c.map(count)).toEqual([2, 2, 0]);
      expect(r.map(count)).toEqual([2, 2, 0]);
      c.forEach((row, i) => {
        row.forEach((v, t) => {
          expect(v).toBeLessThanOrEqual(masks.chosen[i]![t]!);
        });
      });
      expect(r.slice(0, 2)).toEqual(masks.rejected.slice(0, 2)); // the shorter one is whole
    }
  });

  it('draws the same for a seed, others for another, and each token sometimes', async () => {
    expect(await drawn(7)).toEqual(await drawn(7));
    const rows = await Promise.all(Array.from({ length: 40 }, async (_, seed) => (await drawn(seed))[0][1]!));
    const often = chosen[0]!.map((_, t) => rows.reduce((n, row) => n + row[t]!, 0));
    // Two of five, 40 times: 16 on average, with a deviation of 3.
    for (const n of often) expect(Math.abs(n - 16)).toBeLessThan(11);
  });

  it('sums the drawn ones', async () => {
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
});

describe('humanlineClamp', () => {
  const batch = { policy: [[-1, -4, -3, -2]], reference: [[-1.5, -2, -6, -2]], mask: [[1, 1, 1, 0]] };
  const tensors = (): X => ({ policy: tensor(batch.policy), reference: tensor(batch.reference), mask: tensor(batch.mask) });

  it('keeps log-ratios within the bounds, and counts those that were', async () => {
    const { policy, unclamped } = humanlineClamp<X>(tensors());
    await expectValues(policy, [[-1, -3, -4.5, -2]], 4);
    await expectValues(unclamped, 1 / 3);
    const wide = humanlineClamp<X>(tensors(), { low: -10, high: 10 });
    await expectValues(wide.policy, batch.policy, 4);
    await expectValues(wide.unclamped, 1);
  });

  it('counts what is strictly within, and the first step whole', async () => {
    const { unclamped } = humanlineClamp<X>({ policy: tensor([[-2, 0.5]]), reference: tensor([[-1, -1]]), mask: tensor([[1, 1]]) });
    await expectValues(unclamped, 0);
    const same = tensor([[-1, -2]]);
    await expectValues(humanlineClamp<X>({ policy: same, reference: same, mask: tensor([[1, 1]]) }).unclamped, 1);
  });

  it('passes the gradient within the bounds alone', async () => {
    const f = (p: X): X => humanlineClamp<X>({ ...tensors(), policy: p }).policy;
    await expectGradients(f, [batch.policy], [[[weight(0), 0, 0, weight(3)]]]);
  });

  it('leaks nothing, and names bad input', () => {
    const x = tensors();
    expectNoLeak(() => humanlineClamp(x), 2);
    const call = (options: object) => () => humanlineClamp(x, options);
    expectError(call({ low: NaN }), RangeError, 'humanlineClamp: low must be finite, got NaN');
    expectError(call({ low: 2 }), RangeError, 'humanlineClamp: high must be finite and > low (2), got 1.5');
    expectError(() => humanlineClamp({ policy: x.policy } as never), TypeError, 'humanlineClamp: batch lacks reference, expected { policy, reference, mask }'); // prettier-ignore
    const one = tensor([[1]]);
    expectError(
      () => humanlineClamp({ ...x, mask: one }),
      RangeError,
      'humanlineClamp: mask has shape [1, 1], expected [1, 4] like policy',
    );
  });

  it.skipIf(isReadable)('makes NaN of a token whose mask is neither 0 nor 1, where it cannot be read', async () => {
    const { policy } = humanlineClamp<X>({ ...tensors(), mask: tensor([[1, 2, 1, 0]]) });
    expect(flatten((await read(policy)) as Values).map(Number.isNaN)).toEqual([false, true, false, false]);
    const bad = { ...sides(masks), chosen: tensor(masks.chosen.map((row, i) => (i === 0 ? [2, 1, 1, 1, 1] : row))) };
    const ld = ldLogProbs<X>(logps(), bad, { alpha: 0.5 });
    expect(((await read(ld.chosen)) as number[]).map(Number.isNaN)).toEqual([true, false, false]);
  });
});
