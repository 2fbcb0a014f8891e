import { describe, it } from 'vitest';
import { dpo, lipo, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectGradients, tensor, weight, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { beta, expectListGradients, lists, rewarded } from '../support/listGradients.js';
import { describeMaskedCandidates } from '../support/maskedCandidates.js';
import { delta, pairLogps, sigmoid } from '../support/samples.js';
import { asLists } from '../support/twoCandidates.js';

describe('lipo', () => {
  itCosts('lipo', 27);

  it('is dpo times the weight of swapping the two, for two candidates', async () => {
    const lambda = 3 * (1 / Math.log(2) - 1 / Math.log(3));
    const rewards = tensor(delta.map(() => [2, 0]));
    await expectSame(lipo<X>({ ...asLists(), rewards }), ops.mul(dpo<X>(pairLogps()), lambda));
  });

  it('keeps the digits of rewards near 0: its gain is the reward times ln 2 there', async () => {
    const lambda = 1e-7 * Math.LN2 * (1 / Math.log(2) - 1 / Math.log(3));
    const rewards = tensor(delta.map(() => [1e-7, 0]));
    const scaled = ops.div(lipo<X>({ ...asLists(), rewards }), lambda);
    const correction = 1 + (1e-7 * Math.LN2) / 2; // of 2^x - 1 = x ln 2 (1 + x ln 2 / 2 + ...)
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

  it('has no gradient by its rewards: the weights are constants', async () => {
    const loss = (given: X): X => lipo<X>({ policy: tensor(lists.policy), reference: tensor(lists.reference), rewards: given });
    // Beside a term that has one: a function of constants alone has no gradient to ask for.
    const f = (given: X): X => ops.add(loss(given), ops.sum<X>(given, -1));
    await expectGradients(f, [lists.rewards], [lists.rewards.map((row, i) => row.map(() => weight(i)))]);
  });

  describeMaskedCandidates(lipo<X>, ['policy', 'reference', 'rewards']);
});
