import { describe, expect, it } from 'vitest';
import { optimalValue, ops } from '../../src/index.js';
import {
  epsilon,
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  isReadable,
  none,
  read,
  tensor,
  weight,
  type X,
} from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';

const rewards = [
  [1, 0, 0.5],
  [-2, 3, 2.5],
];

describe('optimalValue', () => {
  it('is beta times the log of the mean of e^(reward / beta)', async () => {
    const beta = 0.7;
    const expected = rewards.map((row) => beta * Math.log(row.reduce((sum, r) => sum + Math.exp(r / beta), 0) / row.length));
    await expectValues(optimalValue<X>(tensor(rewards), { beta }), expected);
  });

  it('is the reward if all samples have the same, or if there is one', async () => {
    await expectValues(optimalValue<X>(tensor([[2, 2, 2], [-1, -1, -1]])), [2, -1]); // prettier-ignore
    await expectValues(optimalValue<X>(tensor([[0.25], [3]])), [0.25, 3]);
  });

  it('moves with all rewards of a prompt', async () => {
    const moved = optimalValue<X>(tensor(rewards.map((row) => row.map((r) => r + 4))));
    await expectSame(moved, ops.add<X>(optimalValue<X>(tensor(rewards)), 4));
  });

  it('is the mean for a large beta, without losing digits, and the largest for a small one', async () => {
    const beta = 1e4;
    const ofRow = (row: readonly number[]): number => {
      const mean = (f: (r: number) => number): number => row.reduce((sum, r) => sum + f(r), 0) / row.length;
      const center = mean((r) => r);
      return center + mean((r) => (r - center) ** 2) / (2 * beta) + mean((r) => (r - center) ** 3) / (6 * beta ** 2);
    };
    await expectValues(optimalValue<X>(tensor(rewards), { beta }), rewards.map(ofRow));
    await expectValues(optimalValue<X>(tensor(rewards), { beta: 1e-30 }), [1, 3]);
    await expectValues(optimalValue<X>(tensor([[1000, -1000], [-3000, -3001]]), { beta: 0.01 }), [1000 - 0.01 * Math.LN2, -3000 - 0.01 * Math.LN2], 3000); // prettier-ignore
  });

  it('has the softmax at temperature beta as its gradient', async () => {
    const beta = 0.7;
    const softmax = rewards.map((row, i) => {
      const all = row.map((r) => Math.exp(r / beta));
      const total = all.reduce((a, b) => a + b);
      return all.map((e) => (weight(i) * e) / total);
    });
    await expectGradients((r: X) => optimalValue<X>(r, { beta }), [rewards], [softmax]);
  });

  it('is empty for a part of a batch without prompts', async () => {
    expect(await read(optimalValue<X>(none([0, 4])))).toEqual([]);
  });

  it('leaks nothing', () => {
    const x = tensor(rewards);
    expectNoLeak(() => optimalValue(x));
  });

  it('names bad input', () => {
    const [x, flat] = [tensor(rewards), tensor([1, 2])];
    expectError(() => optimalValue(x, { beta: 0 }), RangeError, 'optimalValue: beta must be finite and > 0, got 0');
    expectError(() => optimalValue(flat), RangeError, 'optimalValue: rewards has shape [2], expected rank 2');
    expectError(() => optimalValue(x, { beta1: 0.5 } as never), RangeError, 'optimalValue: unknown option beta1, expected beta');
  });

  it.runIf(isReadable)('names a reward that is not finite, where values can be read', () => {
    const x = tensor([[1, NaN], [0, 1]]); // prettier-ignore
    const message = 'optimalValue: value 1 of rewards must be finite, got NaN';
    expectError(() => optimalValue(x), RangeError, message);
  });

  it.skipIf(isReadable)('is NaN for such a prompt where values cannot be read', async () => {
    const [first, second] = (await read(optimalValue<X>(tensor([[1, NaN], [0, 0]])))) as number[]; // prettier-ignore
    expect(first).toBeNaN();
    expect(Math.abs(second!)).toBeLessThan(epsilon);
  });
});
