import { describe, expect, it } from 'vitest';
import { dpo, lipo, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectValues, isFloat64, isReadable, read, tensor, weight, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { beta, expectListGradients, lists, rewarded } from '../support/listGradients.js';
import { describeMaskedCandidates } from '../support/maskedCandidates.js';
import { delta, pairLogps, sigmoid } from '../support/samples.js';
import { asLists } from '../support/twoCandidates.js';

describe('lipo', () => {
  itCosts('lipo', 32);

  it('is dpo times the weight of swapping the two, for two candidates', async () => {
    const lambda = 3 * (1 / Math.log(2) - 1 / Math.log(3));
    const rewards = tensor(delta.map(() => [2, 0]));
    await expectSame(lipo<X>({ ...asLists(), rewards }), ops.mul(dpo<X>(pairLogps()), lambda));
  });

  it('keeps the digits of rewards near 0, where the gain is the reward times ln 2', async () => {
    const lambda = 1e-7 * Math.LN2 * (1 / Math.log(2) - 1 / Math.log(3));
    const rewards = tensor(delta.map(() => [1e-7, 0]));
    const scaled = ops.div(lipo<X>({ ...asLists(), rewards }), lambda);
    const correction = 1 + (1e-7 * Math.LN2) / 2; // from 2^x - 1 = x ln 2 (1 + x ln 2 / 2 + ...)
    await expectSame(scaled, ops.mul(dpo<X>(pairLogps()), correction));
  });

  it('has the gradient of its doc comment', async () => {
    const slope = (row: number[], i: number): number[] => {
      const rewards = lists.rewards[i]!;
      const discount = row.map((x) => 1 / Math.log(2 + row.filter((y) => y > x).length));
      const gain = rewards.map((x) => 2 ** x - 1);
      const grads = row.map(() => 0);
      row.forEach((x, j) => {
        row.forEach((y, k) => {
          if (rewards[j]! <= rewards[k]!) return;
          const pull = beta * Math.abs(gain[j]! - gain[k]!) * Math.abs(discount[j]! - discount[k]!) * sigmoid(y - x);
          grads[j]! -= pull;
          grads[k]! += pull;
        });
      });
      return grads;
    };
    await expectListGradients((x) => lipo<X>(x, { beta }), slope, rewarded());
  });

  it('has no gradient with respect to the rewards', async () => {
    const loss = (given: X): X => lipo<X>({ policy: tensor(lists.policy), reference: tensor(lists.reference), rewards: given });
    // Added to a term with a gradient: engines refuse to differentiate a function of constants alone.
    const f = (given: X): X => ops.add(loss(given), ops.sum<X>(given, -1));
    await expectGradients(f, [lists.rewards], [lists.rewards.map((row, i) => row.map(() => weight(i)))]);
  });

  describeMaskedCandidates(lipo<X>, ['policy', 'reference', 'rewards']);

  const logps = () => ({ policy: tensor([[-1, -2], [-1, -2]]), reference: tensor([[-1, -2], [-1, -2]]) }); // prettier-ignore

  it('is finite, and so is its gradient, at a reward of 120', async () => {
    const rewards = tensor([[120, -1e30], [120, -1e30]]); // prettier-ignore
    const loss = lipo<X>({ ...logps(), rewards }, { beta: 1 });
    const weightOfPair = 2 ** 120 * (1 / Math.log(2) - 1 / Math.log(3));
    // 2^120 is as accurate as its exponent, which rounding moves by 1e-7 of 120 ln 2.
    await expectValues(ops.div(loss, weightOfPair), [Math.LN2, Math.LN2], 100);
    const relative = (p: X): X => ops.div(lipo<X>({ ...logps(), policy: p, rewards }, { beta: 1 }), loss);
    const slopes = [0, 1].map((i) => [-weight(i) / 2 / Math.LN2, weight(i) / 2 / Math.LN2]);
    await expectGradients(relative, [[[-1, -2], [-1, -2]]], [slopes]); // prettier-ignore
  });

  it.runIf(isReadable)('names a reward whose gain overflows', () => {
    const x = { ...logps(), rewards: tensor([[2, 1], [1, 2000]]) }; // prettier-ignore
    expectError(() => lipo<X>(x), RangeError, 'lipo: value 3 of 2^rewards / ln 2 must be finite, got Infinity');
    const y = { ...logps(), rewards: tensor([[NaN, 1], [1, 0]]) }; // prettier-ignore
    expectError(() => lipo<X>(y), RangeError, 'lipo: value 0 of 2^rewards / ln 2 must be finite, got NaN');
  });

  it('is finite, and so is its gradient, where a large weight meets a small loss', async () => {
    // 2^127 * e^-60: the weight alone is near the largest float32 number.
    const rewards = tensor([[127, 0]]);
    const at = (p: X): X => lipo<X>({ policy: p, reference: tensor([[0, 0]]), rewards }, { beta: 1 });
    const expected = 2 ** 127 * (1 / Math.log(2) - 1 / Math.log(3)) * Math.log1p(Math.exp(-60));
    await expectValues(ops.div(at(tensor([[-1, -61]])), expected), [1], 100);
    await expectGradients((p: X) => ops.div(at(p), expected), [[[-1, -61]]], [[[-weight(0), weight(0)]]]); // prettier-ignore
  });

  it('ignores a large reward of padding, and has no gradient for a list of one candidate', async () => {
    const rewards = [[2, 1, 2000], [120, 2000, NaN]]; // prettier-ignore
    const mask = [[1, 1, 0], [1, 0, 0]]; // prettier-ignore
    const logps = [[-1, -2, -3], [-1, -2, -3]]; // prettier-ignore
    const at = (p: X): X => lipo<X>({ policy: p, reference: [[-1, -1, -1], [-1, -1, -1]], rewards, mask }, { beta: 1 }); // prettier-ignore
    const factor = 2 * (1 / Math.log(2) - 1 / Math.log(3));
    await expectValues(at(tensor(logps)), [factor * Math.log1p(Math.exp(-1)), 0]);
    const slope = factor * weight(0) * sigmoid(-1);
    await expectGradients(at, [logps], [[[-slope, slope, 0], [0, 0, 0]]]); // prettier-ignore
  });

  it('keeps the digits of large rewards that are close', async () => {
    const rewards = tensor([[64.25, 64]]);
    const x = { policy: tensor([[-1, -2]]), reference: tensor([[-1, -1]]), rewards };
    const expected = (2 ** 64.25 - 2 ** 64) * (1 / Math.log(2) - 1 / Math.log(3)) * Math.log1p(Math.exp(-1));
    await expectValues(ops.div(lipo<X>(x, { beta: 1 }), expected), [1], 100);
  });

  it.runIf(isReadable && !isFloat64)('names a reward that overflows in the precision of the engine, also in a plain list', () => {
    const rewards = [[1, 0], [130, 0]]; // prettier-ignore
    const message = 'lipo: value 2 of 2^rewards / ln 2 must be finite, got Infinity';
    const x = { ...logps(), reference: [[-1, -2], [-1, -2]], rewards }; // prettier-ignore
    expectError(() => lipo<X>(x), RangeError, message);
    expectError(() => lipo<X>({ ...x, mask: [[1, 1], [1, 0]] }), RangeError, message); // prettier-ignore
  });

  it.runIf(isFloat64)('takes rewards up to about 1023 in float64', async () => {
    const loss = lipo<X>({ ...logps(), rewards: tensor([[1000, 0], [1000, 0]]) }, { beta: 1 }); // prettier-ignore
    await expectValues(ops.div(loss, 2 ** 1000 * (1 / Math.log(2) - 1 / Math.log(3))), [Math.LN2, Math.LN2]);
  });

  it.skipIf(isReadable)('turns a list with a NaN reward into NaN where rewards cannot be read', async () => {
    const x = { ...logps(), rewards: tensor([[1, NaN], [1, 0]]) }; // prettier-ignore
    expect(((await read(lipo<X>(x))) as number[]).map(Number.isNaN)).toEqual([true, false]);
  });

  it.skipIf(isReadable)('turns a list with such a reward into NaN where rewards cannot be read', async () => {
    const x = { ...logps(), rewards: tensor([[2000, 1], [1, 0]]) }; // prettier-ignore
    expect(((await read(lipo<X>(x))) as number[]).map(Number.isNaN)).toEqual([true, false]);
  });
});
