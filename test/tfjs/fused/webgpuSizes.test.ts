import { describe, expect, it } from 'vitest';
import { backendOf, ops, tokenDivergence, tokenLogProbs, tokenStats } from '../../../src/index.js';
import { klOf, softmax, STATS, statsOf, type Row } from '../../support/distributions.js';
import { engine, epsilon, expectValues, ints, read, tensor, type X } from '../../support/engine.js';

// A wave plus a slow slope, so that all parts of a row differ.
const logitsOf = (rows: number, size: number, phase = 0): number[][] =>
  Array.from({ length: rows }, (_, n) =>
    Array.from({ length: size }, (_, v) => Math.fround(4 * Math.sin(12.9898 * v + n + phase) + v / size)),
  );

/** Gradients of `sum(f(x))`. */
async function gradientOf(f: (x: X) => X, logits: number[][]): Promise<number[][]> {
  const { grads } = backendOf<X>(tensor(0)).valueAndGrads!(([x]) => ops.sum(f(x)), [tensor(logits)]);
  return (await read(grads[0])) as number[][];
}

/** The largest absolute difference between two rows. */
const furthest = (a: Row, b: Row): number => a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);

/** One label per row; in every second row it is the largest logit. */
const labelsOf = (logits: number[][]): number[] =>
  logits.map((x, n) => (n % 2 === 0 ? (n * 7919 + x.length - 1) % x.length : x.indexOf(x.reduce((a, b) => Math.max(a, b)))));

/** Asserts rows of probabilities, or of their differences, with one assertion: there may be a million values. */
function expectRows(actual: number[][], expected: (row: number) => number[]): void {
  expect(actual.map((x, n) => furthest(x, expected(n))).reduce((a, b) => Math.max(a, b))).toBeLessThan(2 * epsilon);
}

const kernels: [string, (rows: number, size: number) => Promise<void>][] = [
  [
    'tokenLogProbs',
    async (rows, size) => {
      const logits = logitsOf(rows, size);
      const labels = labelsOf(logits);
      const f = (x: X): X => tokenLogProbs<X, X>(x, ints(labels));
      await expectValues(f(tensor(logits)), logits.map((x, n) => statsOf(x, labels[n]!).logps)); // prettier-ignore
      expectRows(await gradientOf(f, logits), (n) => softmax(logits[n]!).map((p, v) => Number(v === labels[n]) - p));
    },
  ],
  [
    'tokenStats',
    async (rows, size) => {
      const logits = logitsOf(rows, size);
      const labels = labelsOf(logits);
      const wanted = logits.map((x, n) => statsOf(x, labels[n]!));
      const stats = tokenStats<X, X>(tensor(logits), ints(labels));
      for (const name of STATS) await expectValues(stats[name], wanted.map((w) => w[name]), 5); // prettier-ignore
    },
  ],
  [
    'tokenDivergence',
    async (rows, size) => {
      const [policy, reference] = [logitsOf(rows, size), logitsOf(rows, size, 1)];
      const f = (x: X): X => tokenDivergence<X>(x, tensor(reference));
      await expectValues(f(tensor(policy)), policy.map((x, n) => klOf(x, reference[n]!)), 5); // prettier-ignore
      expectRows(await gradientOf(f, policy), (n) => {
        const q = softmax(reference[n]!);
        return softmax(policy[n]!).map((p, v) => p - q[v]!);
      });
    },
  ],
];

// Only WebGPU dispatches workgroups.
describe.runIf(engine === 'webgpu').each(kernels)('%s on WebGPU', (_, check) => {
  // The timeout is long because a software driver takes a tenth of a millisecond per workgroup, however small its work.
  it('handles more rows than a dispatch dimension has workgroups', { timeout: 180_000 }, () => check(65_537, 3));

  it.each([262_144, 262_143])('handles a vocabulary of %i', (size) => check(3, size));

  it.each([1020, 1024, 1025, 1028, 32_764, 32_768, 32_769])('handles a vocabulary of %i, around a change of the workgroup size', (size) =>
    check(2, size),
  );
});
