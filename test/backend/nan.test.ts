import { describe, expect, it } from 'vitest';
import { linearTokenLogProbs, ops, tokenLogProbs } from '../../src/index.js';
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
  'maximum with 0': (x) => ops.maximum(x, 0),
  'minimum with 0': (x) => ops.minimum(x, 0),
};

const numbers = async (x: X): Promise<number[]> => flatten((await read(x)) as Values);

describe('a NaN stays NaN', () => {
  it.each(Object.keys(UNARY))('through %s', async (name) => {
    const [nan, one] = await numbers(UNARY[name]!(tensor([NaN, 1])));
    expect([nan, Number.isFinite(one)]).toEqual([NaN, true]);
  });

  it.each(['sum', 'mean', 'max'] as const)('through %s, at any position', async (name) => {
    for (const length of [1, 2, 5, 64, 257]) {
      for (const place of new Set([0, length >> 1, length - 1])) {
        const row = Array.from({ length }, (_, i) => (i === place ? NaN : i));
        expect([length, place, await numbers(ops[name]<X>(tensor([row]), -1))]).toEqual([length, place, [NaN]]);
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
