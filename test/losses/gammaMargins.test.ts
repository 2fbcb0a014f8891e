import { describe, expect, it } from 'vitest';
import { gammaMargins, ops } from '../../src/index.js';
import { weight } from '../support/samples.js';
import { epsilon, expectError, expectGradients, expectNoLeak, expectValues, read, tensor, type X } from '../support/engine.js';

describe('gammaMargins', () => {
  it('are gamma for equal gaps and without steps, and have the mean gamma', async () => {
    await expectValues(gammaMargins<X>(tensor([2, 2, 2]), { gamma: 0.5, tau: 3 }), [0.5, 0.5, 0.5]);
    await expectValues(gammaMargins<X>(tensor([5, -1]), { gamma: 0.5, tau: 3, steps: 0 }), [0.5, 0.5]);
    await expectValues(ops.mean<X>(gammaMargins<X>(tensor([3, 0, -2, 1]), { gamma: 0.5, tau: 1 })), 0.5);
  });

  it('rises with the gap, the more the smaller tau is', async () => {
    const spread = async (tau: number): Promise<number> => {
      const values = (await read(gammaMargins<X>(tensor([-2, 0, 2]), { gamma: 1, tau }))) as number[];
      expect(values).toEqual([...values].sort((a, b) => a - b));
      return values[2]! - values[0]!;
    };
    expect(await spread(1)).toBeGreaterThan(await spread(10));
    expect(await spread(10)).toBeGreaterThan(100 * epsilon);
  });

  it('reach the optimum, where the slopes of the objective are equal', async () => {
    const [gaps, gamma, tau] = [[3, 0, -2], 0.75, 2];
    const margins = (await read(gammaMargins<X>(tensor(gaps), { gamma, tau, steps: 60 }))) as number[];
    const slopes = margins.map((m, i) => tau * Math.log(m / gamma) + gamma / (1 + Math.exp(gaps[i]! - m)));
    for (const slope of slopes) expect(Math.abs(slope - slopes[0]!)).toBeLessThan(100 * epsilon);
  });

  it('is detached', async () => {
    const f = (gaps: X) => ops.mul<X>(gaps, gammaMargins<X>(gaps, { gamma: 0.5, tau: 3 }));
    await expectGradients(f, [[2, 2]], [[0.5 * weight(0), 0.5 * weight(1)]]);
  });

  it('is finite for gaps of 1e4', async () => {
    const values = (await read(gammaMargins<X>(tensor([1e4, -1e4]), { gamma: 0.5, tau: 3 }))) as number[];
    expect(values.every((x) => x > 0 && x < 1)).toBe(true);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, matrix] = [tensor([1, 2]), tensor([[1]])];
    const options = { gamma: 0.5, tau: 3 };
    expectNoLeak(() => gammaMargins<X>(x, options));
    expectError(() => gammaMargins<X>(matrix, options), RangeError, 'gammaMargins: gaps has shape [1, 1], expected rank 1');
    expectError(() => gammaMargins<X>(x, { ...options, gamma: 0 }), RangeError, 'gammaMargins: gamma must be finite and > 0, got 0');
    expectError(() => gammaMargins<X>(x, { ...options, tau: -1 }), RangeError, 'gammaMargins: tau must be finite and > 0, got -1');
    expectError(() => gammaMargins<X>(x, { ...options, steps: 1.5 }), RangeError, 'gammaMargins: steps must be an integer >= 0, got 1.5');
    expectError(() => gammaMargins<X>(x, { tau: 3 } as never), TypeError, 'gammaMargins: gamma is undefined, expected a number');
  });
});
