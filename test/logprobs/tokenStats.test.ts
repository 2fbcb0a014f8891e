import { describe, expect, it } from 'vitest';
import { backendOf, listKernels, tokenKl, tokenLogProbs, tokenStats } from '../../src/index.js';
import { tokenKlDefinition } from '../../src/definitions/tokenKl.js';
import { tokenStatsDefinition } from '../../src/definitions/tokenStats.js';
import { expectClose } from '../../src/testing/index.js';
import { derivatives, engine, epsilon, expectError, expectGradients, expectNoLeak, expectValues, flatten, ints, isArrays, isReadable, read, rounded, tensor, type X } from '../support/engine.js'; // prettier-ignore
import { klOf, softmax, STATS, statsOf } from '../support/distributions.js';
import { weight } from '../support/samples.js';

/** The logit of an impossible token: a GPU need not honour an infinity. */
const HOLE = isReadable ? -Infinity : -1e30;

// Sizes that divide nothing and that are multiples of four, beside those at which a kernel changes its way.
const SIZES = [1, 2, 3, 47, 64, 65, 123, 257, 1028, 1031];
const logitsOf = (rows: number, size: number, scale: number, shift = 0): number[][] =>
  rounded(Array.from({ length: rows }, (_, n) => Array.from({ length: size }, (_, v) => shift + scale * Math.sin(12.9898 * v + n)))) as number[][]; // prettier-ignore

const kinds = { flat: [1e-3, 0], usual: [4, 0], peaky: [40, 0], shifted: [4, 100] } as const;

describe('tokenStats', () => {
  it.each(Object.entries(kinds))('is what it says of logits that are %s', async (_, [scale, shift]) => {
    for (const size of SIZES) {
      const logits = logitsOf(5, size, scale, shift);
      const labels = logits.map((x, n) => (n % 2 === 0 ? x.indexOf(Math.max(...x)) : (7 * n) % size));
      const stats = tokenStats<X, X>(tensor(logits), ints(labels));
      const wanted = logits.map((x, n) => statsOf(x, labels[n]!));
      for (const name of STATS) {
        // Sums in float32 of terms as large as the logits lose that much.
        const largest = name === 'meanLogit' || name === 'entropy' ? scale + shift : 1;
        await expectValues(stats[name], wanted.map((w) => w[name]), largest); // prettier-ignore
      }
    }
  });

  it('gives log-probs like tokenLogProbs, of any shape', async () => {
    const [logits, labels] = [tensor([logitsOf(3, 47, 4), logitsOf(3, 47, 2)]), ints([[1, 2, 46], [0, -100, 5]])]; // prettier-ignore
    const { logps } = tokenStats<X, X>(logits, labels);
    expectClose((await read(logps)) as number[][], (await read(tokenLogProbs<X, X>(logits, labels))) as number[][], { absolute: 4 * epsilon, relative: 4 * epsilon }); // prettier-ignore
  });

  it('takes impossible tokens, and says 0 of ignored ones whatever they hold', async () => {
    const logits = tensor([[0, HOLE, Math.log(3)], [NaN, 1, 2], [5, 5, 1]]); // prettier-ignore
    const { meanLogit, ...stats } = tokenStats<X, X>(logits, ints([2, -100, 1]));
    const entropy = -(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75));
    await expectValues(stats.entropy, [entropy, 0, statsOf([5, 5, 1], 0).entropy], 4);
    await expectValues(stats.correct, [1, 0, 0]); // of equal ones the first is the largest
    await expectValues(stats.logSumSquares, [Math.log(0.0625 + 0.5625), 0, statsOf([5, 5, 1], 0).logSumSquares], 4);
    expect(flatten((await read(meanLogit)) as number[]).slice(1, 2)).toEqual([0]);
  });

  it.each([3, 47, 1500])('finds the largest logits and the holes wherever they stand, among %i', async (size) => {
    // All but a few are impossible, among them the first; the same logit comes twice.
    const places = [1, Math.floor(size / 2), size - 1];
    const logits = places.map((label) => Array.from({ length: size }, (_, v) => (v === label || v === size - 1 ? 2 : v === 1 ? 1 : HOLE)));
    const stats = tokenStats<X, X>(tensor(logits), ints(places));
    const wanted = logits.map((x, n) => statsOf(x, places[n]!));
    for (const name of ['logps', 'entropy', 'correct', 'logSumSquares'] as const)
      await expectValues(stats[name], wanted.map((w) => w[name])); // prettier-ignore
    const largest = tokenStats<X, X>(tensor(logits), ints(places.map(() => size - 1)));
    await expectValues(largest.correct, places.map((label) => Number(label === size - 1))); // prettier-ignore
  });

  it.each([3, 40, 1500])(
    'makes NaN of a row that holds a NaN, wherever it stands, and no row of it correct, among %i logits',
    async (size) => {
      const places = [0, Math.floor(size / 2), size - 1];
      const logits = [...places, -1].map((at) => Array.from({ length: size }, (_, v) => (v === at ? NaN : -Math.abs(v - size / 4))));
      const largest = logits.map((x) => x.reduce((best, v, i) => (v > x[best]! || Number.isNaN(x[best]) ? i : best), 0));
      const { correct, ...stats } = tokenStats<X, X>(tensor(logits), ints(largest));
      for (const x of Object.values(stats)) expect(((await read(x)) as number[]).map(Number.isNaN)).toEqual([true, true, true, false]);
      await expectValues(correct, [0, 0, 0, 1]);
    },
  );

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

  // Where they can be read, they are an error, as in tokenLogProbs.
  it.skipIf(isReadable)('makes labels out of range NaN where they cannot be read', async () => {
    const { logps, correct, entropy } = tokenStats<X, X>(tensor([[1, 2], [1, 2]]), ints([2, 1])); // prettier-ignore
    expect(((await read(logps)) as number[]).map(Number.isNaN)).toEqual([true, false]);
    expect(((await read(correct)) as number[]).map(Number.isNaN)).toEqual([true, false]);
    await expectValues(entropy, [statsOf([1, 2], 0).entropy, statsOf([1, 2], 0).entropy], 4);
  });

  // Elsewhere the definition is what runs.
  it.runIf(!isArrays && listKernels().tokenStats![engine] === 'kernel')('is its definition', async () => {
    const [logits, labels] = [tensor(logitsOf(9, 123, 4)), ints([0, 1, -100, 122, 5, 6, -100, 8, 9])];
    const stats = tokenStats<X, X>(logits, labels);
    const definition = tokenStatsDefinition<X>(logits, labels, -100);
    for (const name of STATS) {
      expectClose((await read(stats[name])) as number[], (await read(definition[name])) as number[], { absolute: 16 * epsilon, relative: 4 * epsilon }); // prettier-ignore
    }
  });
});

describe('tokenKl', () => {
  it.each(Object.entries(kinds))('is the divergence, and its gradient p - q, of logits that are %s', async (_, [scale, shift]) => {
    for (const size of SIZES) {
      const policy = logitsOf(5, size, scale, shift);
      const reference = policy.map((x) => (rounded(x.map((v, i) => v + 0.5 * Math.cos(3 * i))) as number[])); // prettier-ignore
      await expectValues(tokenKl<X>(tensor(policy), tensor(reference)), policy.map((x, n) => klOf(x, reference[n]!)), 1 + scale + shift); // prettier-ignore
      if (size > 3 && isArrays) continue; // differences of each of many logits
      const { grads } = await derivatives((x: X) => tokenKl<X>(x, tensor(reference)), [policy]);
      // The difference of two probabilities, each as exact as the engine is.
      const wanted = policy.map((x, n) => {
        const q = softmax(reference[n]!);
        return softmax(x).map((p, v) => weight(n) * (p - q[v]!));
      });
      expectClose(grads[0] as number[][], wanted, { absolute: isArrays ? 1e-6 : 2 * epsilon, relative: 0 });
    }
  });

  it('is 0 where the two are equal', async () => {
    const logits = tensor(logitsOf(4, 47, 4));
    await expectValues(tokenKl<X>(logits, logits), [0, 0, 0, 0], 4);
  });

  it('has no gradient by the reference', async () => {
    const policy = tensor([[1, 2, 4]]);
    const beside = (r: X): X => backendOf<X>(r).add(backendOf<X>(r).sum(r, -1), tokenKl<X>(policy, r));
    await expectGradients(beside, [[[3, 1, 2]]], [[[weight(0), weight(0), weight(0)]]]);
  });

  it('adds nothing for what is impossible to both', async () => {
    const [policy, reference] = [[[0, HOLE, 1, 2]], [[1, HOLE, 0, 2]]]; // prettier-ignore
    await expectValues(tokenKl<X>(tensor(policy), tensor(reference)), [klOf([0, 1, 2], [1, 0, 2])], 4);
  });

  it.each([3, 47, 1500])('adds nothing for it wherever it stands, among %i logits', async (size) => {
    // All but the last two are impossible to the reference, the first half to the policy too.
    const reference = Array.from({ length: size }, (_, v) => (v < size - 2 ? HOLE : v - size));
    const policy = reference.map((_, v) => (v < size / 2 - 1 ? HOLE : Math.sin(v)));
    await expectValues(tokenKl<X>(tensor([policy]), tensor([reference])), [klOf(policy, reference)], 4);
  });

  it.each([3, 40, 1500])('makes NaN of a row in which either holds a NaN, among %i logits', async (size) => {
    const row = (at: number): number[] => Array.from({ length: size }, (_, v) => (v === at ? NaN : Math.cos(v)));
    const policy = [0, -1, size - 1, -1].map(row);
    const reference = [-1, Math.floor(size / 2), -1, -1].map(row);
    const f = (x: X): X => tokenKl<X>(x, tensor(reference));
    expect(((await read(f(tensor(policy)))) as number[]).map(Number.isNaN)).toEqual([true, true, true, false]);
    if (isArrays) return;
    const { grads } = await derivatives(f, [policy]);
    expect((grads[0] as number[][]).map((x) => x.some(Number.isNaN))).toEqual([true, true, true, false]);
  });

  it('keeps the shape, leaks nothing, and names bad input', () => {
    const [a, b] = [tensor([logitsOf(2, 5, 1), logitsOf(2, 5, 3)]), tensor([logitsOf(2, 5, 3), logitsOf(2, 5, 1)])];
    expect(backendOf<X>(a).shape(tokenKl<X>(a, b))).toEqual([2, 2]);
    expectNoLeak(() => tokenKl<X>(a, b));
    const [flat, other] = [tensor([1, 2]), tensor([[1, 2]])];
    expectError(() => tokenKl<X>(flat, flat), RangeError, 'tokenKl: policy has shape [2], expected [B, T, V] or [N, V]');
    expectError(() => tokenKl<X>(a, other), RangeError, 'tokenKl: reference has shape [1, 2], expected [2, 2, 5] like policy');
  });

  // Elsewhere the definition is what runs.
  it.runIf(!isArrays && listKernels().tokenKl![engine] === 'kernel')('is its definition', async () => {
    const [policy, reference] = [tensor(logitsOf(9, 123, 4)), tensor(logitsOf(9, 123, 3))];
    const [kernel, definition] = [tokenKl<X>(policy, reference), tokenKlDefinition<X>(policy, reference)];
    expectClose((await read(kernel)) as number[], (await read(definition)) as number[], { absolute: 16 * epsilon, relative: 4 * epsilon });
  });
});
