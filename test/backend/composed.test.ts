import { describe, expect, it } from 'vitest';
import { ops } from '../../src/index.js';
import { nanInOperations } from '../../tools/docs/claims.js';
import { derivatives, expectGradients, expectValues, flatten, ints, read, tensor, type X } from '../support/engine.js';
import { sigmoid, softplus, weight } from '../support/samples.js';
import type { Values } from '../../src/testing/index.js';

// Operations of `ops` that are made of others. backendConformance tests those that engines have.

const A = [-2.5, -0.75, 0.5, 1.25, 3];

// name -> [operation, the same on numbers, derivative]
const UNARY: Readonly<Record<string, readonly [(x: X) => X, (x: number) => number, (x: number) => number]>> = {
  tanh: [ops.tanh, Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  logSigmoid: [ops.logSigmoid, (x) => -softplus(-x), (x) => sigmoid(-x)],
  relu: [ops.relu, (x) => Math.max(x, 0), (x) => Number(x > 0)],
  clip: [(x) => ops.clip(x, -1, 1), (x) => Math.min(Math.max(x, -1), 1), (x) => Number(Math.abs(x) < 1)],
};

describe.each(Object.entries(UNARY))('%s', (_, [op, f, slope]) => {
  it('computes values', async () => {
    await expectValues(op(tensor(A)), A.map(f), 4);
  });

  it('has its gradient, also on an intermediate value', async () => {
    const expected = [A.map((x, i) => weight(i) * slope(x))];
    await expectGradients(op, [A], expected);
    await expectGradients((x) => op(ops.mul(x, 1)), [A], expected);
  });
});

describe('less and lessEqual', () => {
  it('compare tensors, numbers and integers', async () => {
    for (const [x, y] of [
      [tensor([1, 2, 3]), tensor([2, 2, 2])],
      [tensor([1, 2, 3]), 2],
      [ints([1, 2, 3]), ints([2, 2, 2])],
    ] as [X, X][]) {
      // prettier-ignore
      await expectValues(ops.less<X>(x, y), [1, 0, 0]);
      await expectValues(ops.lessEqual<X>(x, y), [1, 1, 0]);
    }
  });
});

describe('mean', () => {
  const M = [[1, -2, 3.5], [0.25, 5, -6]]; // prettier-ignore

  it('averages all values, rows or columns, also of integers', async () => {
    await expectValues(ops.mean(tensor(M)), 1.75 / 6, 8);
    for (const axis of [1, -1]) await expectValues(ops.mean(tensor(M), axis), [2.5 / 3, -0.25], 8);
    for (const axis of [0, -2]) await expectValues(ops.mean(tensor(M), axis), [0.625, 1.5, -1.25], 8);
    await expectValues(ops.mean(ints([1, 2])), 1.5);
  });

  it('has its gradient', async () => {
    await expectGradients((x) => ops.mean(x), [M], [M.map((row) => row.map(() => weight(0) / 6))]);
    await expectGradients((x) => ops.mean(x, -1), [M], [M.map((row, i) => row.map(() => weight(i) / 3))]);
  });
});

describe('logSumExp', () => {
  it('does not overflow, and its gradient is the softmax', async () => {
    await expectValues(ops.logSumExp(tensor([[1e4, 1e4], [-1e4, -1e4]])), [1e4 + Math.LN2, -1e4 + Math.LN2]); // prettier-ignore
    const x = [1, 2, 4];
    const total = x.reduce((a, v) => a + Math.exp(v), 0);
    await expectGradients((v) => ops.logSumExp(v), [x], [x.map((v) => (weight(0) * Math.exp(v)) / total)]);
  });

  it('reduces any axis', async () => {
    const x = [[1, -2, 0.5], [3, 0.25, -1]]; // prettier-ignore
    const columns = x[0]!.map((v, i) => Math.log(Math.exp(v) + Math.exp(x[1]![i]!)));
    const rows = x.map((row) => Math.log(row.reduce((a, v) => a + Math.exp(v), 0)));
    for (const axis of [0, -2]) await expectValues(ops.logSumExp<X>(tensor(x), axis), columns, 4);
    for (const axis of [1, -1]) await expectValues(ops.logSumExp<X>(tensor(x), axis), rows, 4);
  });

  it('takes -Infinity, with finite gradients', async () => {
    const rows = [[-Infinity, -Infinity], [-Infinity, 0.5]]; // prettier-ignore
    expect(await read(ops.logSumExp(tensor(rows)))).toEqual([-Infinity, 0.5]);
    const { grads } = await derivatives((x: X) => ops.slice(ops.logSumExp(x), 1, 2), [rows]);
    expect(grads).toEqual([[[0, 0], [0, weight(0)]]]); // prettier-ignore
  });
});

const numbers = async (x: X): Promise<number[]> => flatten((await read(x)) as Values);

// The arithmetic of a GPU may turn a NaN into a number. A bad value in a tensor must not look like a result.
describe(nanInOperations.title, () => {
  it.each(Object.entries({
    ...Object.fromEntries(Object.entries(UNARY).map(([name, [f]]) => [name, f])),
    log1mexp: (x: X): X => ops.log1mexp(ops.neg(x)),
  }))('through %s', async (_, f) => {
    const [nan, one] = await numbers(f(tensor([NaN, 1])));
    expect([nan, Number.isFinite(one)]).toEqual([NaN, true]);
  }); // prettier-ignore

  it.each(['mean', 'logSumExp'] as const)('through %s, at any position', async (name) => {
    const reduce = ops[name] as (x: X, axis: number) => X;
    for (const length of [1, 2, 5, 64, 257]) {
      for (const place of new Set([0, length >> 1, length - 1])) {
        const row = Array.from({ length }, (_, i) => (i === place ? NaN : i));
        expect([length, place, await numbers(reduce(tensor([row]), -1))]).toEqual([length, place, [NaN]]);
      }
    }
  });

  it.each(['less', 'lessEqual'] as const)(`${nanInOperations.exceptions.comparisons}: %s`, async (name) => {
    const op = ops[name] as (a: X, b: X) => X;
    const nans = tensor([NaN, NaN]);
    for (const other of [tensor([1, NaN]), tensor(1), 1, NaN]) {
      expect([...(await numbers(op(nans, other))), ...(await numbers(op(other, nans)))]).toEqual([0, 0, 0, 0]);
    }
    expect(await numbers(op(tensor([1, 2]), NaN))).toEqual([0, 0]);
  });
});
