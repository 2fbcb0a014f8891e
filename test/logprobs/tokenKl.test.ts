import { describe, expect, it } from 'vitest';
import { backendOf, listKernels, tokenKl } from '../../src/index.js';
import { tokenKlDefinition } from '../../src/definitions/tokenKl.js';
import { expectClose } from '../../src/testing/index.js';
import {
  derivatives,
  engine,
  epsilon,
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  read,
  rounded,
  tensor,
  type X,
  isFloat64,
  isTfjs,
} from '../support/engine.js';
import { expectAccurate } from '../support/accuracy.js';
import { klOf, softmax } from '../support/distributions.js';
import { weight } from '../support/samples.js';
import { HOLE, SIZES, logitsOf, kinds } from '../support/logits.js';
import { movedKl } from '../support/movedByLogits.js';

describe('tokenKl', () => {
  it.for(Object.entries(kinds))('is the divergence, and its gradient p - q, of logits that are %s', async ([kind, range], { task }) => {
    const [scale, shift] = range;
    for (const size of SIZES) {
      const policy = logitsOf(5, size, scale, shift);
      const reference = policy.map((x) => (rounded(x.map((v, i) => v + 0.5 * Math.cos(3 * i))) as number[])); // prettier-ignore
      await expectValues(tokenKl<X>(tensor(policy), tensor(reference)), policy.map((x, n) => klOf(x, reference[n]!)), 1 + scale + shift); // prettier-ignore
      const { grads } = await derivatives((x: X) => tokenKl<X>(x, tensor(reference)), [policy]);
      // The difference of two probabilities, each accurate to the engine's epsilon.
      const wanted = policy.map((x, n) => {
        const q = softmax(reference[n]!);
        return softmax(x).map((p, v) => weight(n) * (p - q[v]!));
      });
      expectClose(grads[0] as number[][], wanted, { absolute: 2 * epsilon, relative: 0 });
      if (isFloat64) continue; // no more exact than the oracle
      const exact = policy.map((x, n) => klOf(x, reference[n]!));
      const got = (await read(tokenKl<X>(tensor(policy), tensor(reference)))) as number[];
      expectAccurate(task.meta, 'tokenKl', `${kind} logits [5, ${size}]`, {
        value: { got, exact, scale: (n) => exact[n]! + movedKl(policy[n]!, reference[n]!) },
        gradient: { got: (grads[0] as number[][]).flat(), exact: wanted.flat() },
      });
    }
  });

  it('is 0 for equal logits', async () => {
    const logits = tensor(logitsOf(4, 47, 4));
    await expectValues(tokenKl<X>(logits, logits), [0, 0, 0, 0], 4);
  });

  it('has no gradient with respect to the reference', async () => {
    const policy = tensor([[1, 2, 4]]);
    const beside = (r: X): X => backendOf<X>(r).add(backendOf<X>(r).sum(r, -1), tokenKl<X>(policy, r));
    await expectGradients(beside, [[[3, 1, 2]]], [[[weight(0), weight(0), weight(0)]]]);
  });

  it('adds nothing for tokens that are impossible for both', async () => {
    const [policy, reference] = [[[0, HOLE, 1, 2]], [[1, HOLE, 0, 2]]]; // prettier-ignore
    await expectValues(tokenKl<X>(tensor(policy), tensor(reference)), [klOf([0, 1, 2], [1, 0, 2])], 4);
  });

  it.each([3, 47, 1500])('adds nothing for impossible tokens at any position, among %i logits', async (size) => {
    // All but the last two tokens are impossible for the reference, the first half also for the policy.
    const reference = Array.from({ length: size }, (_, v) => (v < size - 2 ? HOLE : v - size));
    const policy = reference.map((_, v) => (v < size / 2 - 1 ? HOLE : Math.sin(v)));
    await expectValues(tokenKl<X>(tensor([policy]), tensor([reference])), [klOf(policy, reference)], 4);
  });

  it.each([3, 40, 1500])('is NaN for a row with a NaN in either input, among %i logits', async (size) => {
    const row = (at: number): number[] => Array.from({ length: size }, (_, v) => (v === at ? NaN : Math.cos(v)));
    const policy = [0, -1, size - 1, -1].map(row);
    const reference = [-1, Math.floor(size / 2), -1, -1].map(row);
    const f = (x: X): X => tokenKl<X>(x, tensor(reference));
    expect(((await read(f(tensor(policy)))) as number[]).map(Number.isNaN)).toEqual([true, true, true, false]);
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

  // Elsewhere, the definition itself runs.
  it.runIf(isTfjs && listKernels().tokenKl![engine] === 'kernel')('equals its definition', async () => {
    const [policy, reference] = [tensor(logitsOf(9, 123, 4)), tensor(logitsOf(9, 123, 3))];
    const [kernel, definition] = [tokenKl<X>(policy, reference), tokenKlDefinition<X>(policy, reference)];
    expectClose((await read(kernel)) as number[], (await read(definition)) as number[], { absolute: 16 * epsilon, relative: 4 * epsilon });
  });
});
