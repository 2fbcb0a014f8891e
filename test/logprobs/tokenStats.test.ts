import { describe, expect, it } from 'vitest';
import { backendOf, listKernels, tokenLogProbs, tokenStats } from '../../src/index.js';
import { tokenStatsDefinition } from '../../src/definitions/tokenStats.js';
import { expectClose } from '../../src/testing/index.js';
import {
  engine,
  epsilon,
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  flatten,
  ints,
  isReadable,
  read,
  tensor,
  type X,
  isFloat64,
  isTfjs,
} from '../support/engine.js';
import { expectAccurate } from '../support/accuracy.js';
import { STATS, statsOf } from '../support/distributions.js';
import { weight } from '../support/samples.js';
import { HOLE, SIZES, logitsOf, kinds } from '../support/logits.js';
import { movedStats } from '../support/movedByLogits.js';

describe('tokenStats', () => {
  it.for(Object.entries(kinds))('equals float64 statistics of logits that are %s', async ([kind, [scale, shift]], { task }) => {
    for (const size of SIZES) {
      const logits = logitsOf(5, size, scale, shift);
      const labels = logits.map((x, n) => (n % 2 === 0 ? x.indexOf(Math.max(...x)) : (7 * n) % size));
      const stats = tokenStats<X, X>(tensor(logits), ints(labels));
      const wanted = logits.map((x, n) => statsOf(x, labels[n]!));
      for (const name of STATS) {
        // The error of float32 sums is relative to terms as large as the logits.
        const largest = name === 'meanLogit' || name === 'entropy' ? scale + shift : 1;
        await expectValues(stats[name], wanted.map((w) => w[name]), largest); // prettier-ignore
        if (isFloat64 || name === 'correct') continue; // no more exact than the oracle; exact
        expectAccurate(task.meta, 'tokenStats', `${kind} logits [5, ${size}]`, {
          value: {
            got: (await read(stats[name])) as number[],
            exact: wanted.map((w) => w[name]),
            scale: (n) => Math.abs(wanted[n]![name]) + movedStats(logits[n]!, labels[n]!)[name],
            at: (n) => `${name}[${n}]`,
          },
        });
      }
    }
  });

  it('returns the log-probs of tokenLogProbs, for [B, T, V] too', async () => {
    const [logits, labels] = [tensor([logitsOf(3, 47, 4), logitsOf(3, 47, 2)]), ints([[1, 2, 46], [0, -100, 5]])]; // prettier-ignore
    const { logps } = tokenStats<X, X>(logits, labels);
    expectClose((await read(logps)) as number[][], (await read(tokenLogProbs<X, X>(logits, labels))) as number[][], { absolute: 4 * epsilon, relative: 4 * epsilon }); // prettier-ignore
  });

  it('accepts impossible tokens, and is 0 for ignored tokens, whatever their logits', async () => {
    const logits = tensor([[0, HOLE, Math.log(3)], [NaN, 1, 2], [5, 5, 1]]); // prettier-ignore
    const { meanLogit, ...stats } = tokenStats<X, X>(logits, ints([2, -100, 1]));
    const entropy = -(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75));
    await expectValues(stats.entropy, [entropy, 0, statsOf([5, 5, 1], 0).entropy], 4);
    await expectValues(stats.correct, [1, 0, 0]); // the argmax is the first of equal logits
    await expectValues(stats.logSumSquares, [Math.log(0.0625 + 0.5625), 0, statsOf([5, 5, 1], 0).logSumSquares], 4);
    expect(flatten((await read(meanLogit)) as number[]).slice(1, 2)).toEqual([0]);
  });

  it.each([3, 47, 1500])('finds the largest logits and impossible tokens at any position, among %i', async (size) => {
    // All but a few tokens are impossible, also the first; the largest logit occurs twice.
    const places = [1, Math.floor(size / 2), size - 1];
    const logits = places.map((label) => Array.from({ length: size }, (_, v) => (v === label || v === size - 1 ? 2 : v === 1 ? 1 : HOLE)));
    const stats = tokenStats<X, X>(tensor(logits), ints(places));
    const wanted = logits.map((x, n) => statsOf(x, places[n]!));
    for (const name of ['logps', 'entropy', 'correct', 'logSumSquares'] as const)
      await expectValues(stats[name], wanted.map((w) => w[name])); // prettier-ignore
    const largest = tokenStats<X, X>(tensor(logits), ints(places.map(() => size - 1)));
    await expectValues(largest.correct, places.map((label) => Number(label === size - 1))); // prettier-ignore
  });

  it.each([3, 40, 1500])('is NaN for a row with a NaN at any position, which is never correct, among %i logits', async (size) => {
    const places = [0, Math.floor(size / 2), size - 1];
    const logits = [...places, -1].map((at) => Array.from({ length: size }, (_, v) => (v === at ? NaN : -Math.abs(v - size / 4))));
    const largest = logits.map((x) => x.reduce((best, v, i) => (v > x[best]! || Number.isNaN(x[best]) ? i : best), 0));
    const { correct, ...stats } = tokenStats<X, X>(tensor(logits), ints(largest));
    for (const x of Object.values(stats)) expect(((await read(x)) as number[]).map(Number.isNaN)).toEqual([true, true, true, false]);
    await expectValues(correct, [0, 0, 0, 1]);
  });

  it('has no gradient', async () => {
    const f = (x: X): X => {
      const { logps, entropy } = tokenStats<X, X>(x, ints([0]));
      return backendOf<X>(x).add(backendOf<X>(x).sum(x), backendOf<X>(x).sum(backendOf<X>(x).add(logps, entropy)));
    };
    await expectGradients(f, [[[1, 2, 3]]], [[[weight(0), weight(0), weight(0)]]]);
  });

  it('leaks nothing, and names bad input', () => {
    const [logits, labels, short, row] = [tensor([[1, 2, 3]]), ints([1]), ints([1, 2]), tensor([1])];
    expectNoLeak(() => tokenStats<X, X>(logits, labels), 5);
    expectError(() => tokenStats<X, X>(logits, short), RangeError, 'tokenStats: labels has shape [2], expected [1] like logits without the last axis'); // prettier-ignore
    expectError(() => tokenStats<X, X>(row, labels), RangeError, 'tokenStats: logits has shape [1], expected [B, T, V] or [N, V]');
    expectError(() => tokenStats<X, X>(logits, labels, { x: 1 } as never), RangeError, 'tokenStats: unknown option x, expected ignoreIndex'); // prettier-ignore
  });

  // Where labels can be read, this is an error, as in tokenLogProbs.
  it.skipIf(isReadable)('gives NaN in logps and correct for labels out of range where they cannot be read', async () => {
    const { logps, correct, entropy } = tokenStats<X, X>(tensor([[1, 2], [1, 2]]), ints([2, 1])); // prettier-ignore
    expect(((await read(logps)) as number[]).map(Number.isNaN)).toEqual([true, false]);
    expect(((await read(correct)) as number[]).map(Number.isNaN)).toEqual([true, false]);
    await expectValues(entropy, [statsOf([1, 2], 0).entropy, statsOf([1, 2], 0).entropy], 4);
  });

  it('has a definition that is NaN in logps and correct for labels out of range', async () => {
    const { logps, correct } = tokenStatsDefinition<X>(tensor([[1, 2], [1, 2]]), ints([2, 1]), -100); // prettier-ignore
    expect(((await read(logps)) as number[]).map(Number.isNaN)).toEqual([true, false]);
    await expectValues(correct, [NaN, 1]);
  });

  // Elsewhere, the definition itself runs.
  it.runIf(isTfjs && listKernels().tokenStats![engine] === 'kernel')('equals its definition', async () => {
    const [logits, labels] = [tensor(logitsOf(9, 123, 4)), ints([0, 1, -100, 122, 5, 6, -100, 8, 9])];
    const stats = tokenStats<X, X>(logits, labels);
    const definition = tokenStatsDefinition<X>(logits, labels, -100);
    for (const name of STATS) {
      expectClose((await read(stats[name])) as number[], (await read(definition[name])) as number[], { absolute: 16 * epsilon, relative: 4 * epsilon }); // prettier-ignore
    }
  });
});
