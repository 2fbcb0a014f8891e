import { describe, expect, it } from 'vitest';
import { linearTokenLogProbs, ops, tokenLogProbs } from '../../src/index.js';
import { nanInOperations } from '../../tools/docs/claims.js';
import { flatten, ints, read, tensor, type X } from '../support/engine.js';
import type { Values } from '../../src/testing/index.js';

// The arithmetic of a GPU may turn a NaN into a number. A bad value in a tensor must not look like a result.

type Unary = (x: X) => X;
const UNARY: Record<string, Unary> = {
  abs: (x) => ops.abs(x),
  exp: (x) => ops.exp(x),
  expm1: (x) => ops.expm1(x),
  log: (x) => ops.log(x),
  log1p: (x) => ops.log1p(x),
  neg: (x) => ops.neg(x),
  relu: (x) => ops.relu(x),
  sigmoid: (x) => ops.sigmoid(x),
  softplus: (x) => ops.softplus(x),
  square: (x) => ops.square(x),
  'add 1': (x) => ops.add(x, 1),
  'subtract from 1': (x) => ops.sub(1, x),
  'multiply by 0': (x) => ops.mul(x, 0),
  'divide by 2': (x) => ops.div(x, 2),
  clip: (x) => ops.clip(x, -1, 1),
  logSigmoid: (x) => ops.logSigmoid(x),
  sqrt: (x) => ops.sqrt(x),
  tanh: (x) => ops.tanh(x),
  log1mexp: (x) => ops.log1mexp(ops.neg(x)),
  'pow of 2': (x) => ops.pow(x, 2),
  'pow of itself': (x) => ops.pow(2, x),
};

const numbers = async (x: X): Promise<number[]> => flatten((await read(x)) as Values);

const BINARY = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum'] as const;

describe(nanInOperations.title, () => {
  it.each(BINARY)('through %s, as either operand', async (name) => {
    const op = ops[name] as (a: X, b: X) => X;
    const [values, nans] = [tensor([1, -1]), tensor([NaN, NaN])];
    const pairs: [X, X][] = [
      [values, nans],
      [values, tensor([[NaN], [NaN]])],
      [tensor([[1], [-1]]), nans],
      [values, tensor(NaN)],
      [tensor(1), nans],
      [values, NaN],
      [0, nans],
      [0, tensor(NaN)],
    ];
    for (const [i, [a, b]] of pairs.entries()) {
      for (const result of [op(a, b), op(b, a)]) expect([i, ...(await numbers(result)).filter((x) => !Number.isNaN(x))]).toEqual([i]);
    }
    const [first, second, neither] = await numbers(op(tensor([NaN, 1, 1]), tensor([1, NaN, 2])));
    expect([first, second, Number.isFinite(neither)]).toEqual([NaN, NaN, true]);
  });

  it.each(['equal', 'greater', 'greaterEqual', 'less', 'lessEqual'] as const)(
    `${nanInOperations.exceptions.comparisons}: %s`,
    async (name) => {
      const op = ops[name] as (a: X, b: X) => X;
      const nans = tensor([NaN, NaN]);
      for (const other of [tensor([1, NaN]), tensor(1), 1, NaN]) {
        expect([...(await numbers(op(nans, other))), ...(await numbers(op(other, nans)))]).toEqual([0, 0, 0, 0]);
      }
      expect(await numbers(op(tensor([1, 2]), NaN))).toEqual([0, 0]);
    },
  );

  it(nanInOperations.exceptions.where, async () => {
    const [nan, isFirst] = [tensor([NaN, 2]), tensor([1, 0])];
    expect(await numbers(ops.where<X, X>(isFirst, 3, nan))).toEqual([3, 2]);
    expect(await numbers(ops.where<X, X>(isFirst, nan, 3))).toEqual([NaN, 3]);
  });

  it(nanInOperations.exceptions.sort, async () => {
    for (const place of [0, 3, 6]) {
      const row = Array.from({ length: 7 }, (_, i) => (i === place ? NaN : (5 * i) % 7));
      const values = await numbers(ops.sort<X>(tensor([row])));
      expect(values.map(String).sort()).toEqual(row.map(String).sort());
    }
  });

  it.each(Object.keys(UNARY))('through %s', async (name) => {
    const [nan, one] = await numbers(UNARY[name]!(tensor([NaN, 1])));
    expect([nan, Number.isFinite(one)]).toEqual([NaN, true]);
  });

  it.each(['sum', 'mean', 'max', 'logSumExp'] as const)('through %s, at any position', async (name) => {
    const reduce = ops[name] as (x: X, axis: number) => X;
    for (const length of [1, 2, 5, 64, 257]) {
      for (const place of new Set([0, length >> 1, length - 1])) {
        const row = Array.from({ length }, (_, i) => (i === place ? NaN : i));
        expect([length, place, await numbers(reduce(tensor([row]), -1))]).toEqual([length, place, [NaN]]);
      }
    }
  });

  it.each([0, 4, 9])('through tokenLogProbs, as logit %i', async (place) => {
    const row = (at: number) => Array.from({ length: 10 }, (_, i) => (i === at ? NaN : i / 4));
    const [bad, good] = await numbers(tokenLogProbs(tensor([row(place), row(-1)]), ints([2, 2])));
    expect([bad, Number.isFinite(good)]).toEqual([NaN, true]);
  });

  it('through linearTokenLogProbs, in a hidden state', async () => {
    const weight = Array.from({ length: 20 }, (_, i) => [Math.sin(i), Math.cos(i)]);
    const [bad, good] = await numbers(
      linearTokenLogProbs({ hidden: tensor([[NaN, 1], [1, 1]]), weight: tensor(weight) }, ints([2, 2]), { chunkSize: 8 }), // prettier-ignore
    );
    expect([bad, Number.isFinite(good)]).toEqual([NaN, true]);
  });
});
