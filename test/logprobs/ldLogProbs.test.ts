import { describe, expect, it } from 'vitest';
import { ldLogProbs } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, tensor, type X, isReadable, read } from '../support/engine.js';
import { weight } from '../support/samples.js';
import { chosen, rejected, masks, sides, logps, both, sums } from '../support/tokenPairs.js';

describe('ldLogProbs', () => {
  it('weights tokens beyond the length of the other side by alpha', async () => {
    const { chosen: c, rejected: r } = ldLogProbs<X>(logps(), sides(masks), { alpha: 0.5 });
    await expectValues(c, [-2 - 3 - 2.5, -6 - 7 - 0.5 * (8 + 9 + 10), 0], 10);
    await expectValues(r, [-6, -12, -5], 10);
  });

  it('is the plain sum at alpha 1', async () => {
    const { chosen: c, rejected: r } = ldLogProbs<X>(logps(), sides(masks), { alpha: 1 });
    await expectValues(c, await sums(tensor(chosen), tensor(masks.chosen)), 10);
    await expectValues(r, await sums(tensor(rejected), tensor(masks.rejected)), 10);
  });

  it('has the gradient 1, alpha and 0, and ignores NaN in masked tokens', async () => {
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

  it('names a wrong rank', () => {
    const [flat, ones] = [tensor([-1, -2]), tensor([[1, 1], [1, 0]])]; // prettier-ignore
    expectError(() => ldLogProbs<X>({ chosen: flat, rejected: flat }, { chosen: ones, rejected: ones }, { alpha: 0.5 }), RangeError, 'ldLogProbs: logps.chosen has shape [2], expected rank 2'); // prettier-ignore
  });

  it.skipIf(isReadable)('is NaN for a side whose mask is neither 0 nor 1 where it cannot be read', async () => {
    const bad = { ...sides(masks), chosen: tensor(masks.chosen.map((row, i) => (i === 0 ? [2, 1, 1, 1, 1] : row))) };
    const ld = ldLogProbs<X>(logps(), bad, { alpha: 0.5 });
    expect(((await read(ld.chosen)) as number[]).map(Number.isNaN)).toEqual([true, false, false]);
  });
});
