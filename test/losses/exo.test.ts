import { describe, it } from 'vitest';
import { exo, exoPair, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { beta, expectListGradients, rewarded, softmax, target } from '../support/listGradients.js';
import { describeMaskedCandidates } from '../support/maskedCandidates.js';
import { pairLogps } from '../support/samples.js';
import { asLists, smoothed } from '../support/twoCandidates.js';

describe('exo', () => {
  itCosts('exo', 20);

  it('is exoPair for two candidates', async () => {
    const e = 0.05;
    await expectSame(exo<X>({ ...asLists(), rewards: smoothed(e) }), exoPair(pairLogps(), { labelSmoothing: e }));
    await expectSame(exo<X>({ ...asLists(), rewards: ops.mul(smoothed(e), 3) }, { tau: 3 }), exoPair(pairLogps(), { labelSmoothing: e }));
  });

  it('has the gradient of its doc comment', async () => {
    const slope = (row: number[], i: number): number[] => {
      const [q, p] = [softmax(row), target(i)];
      const loss = q.reduce((sum, x, k) => sum + x * Math.log(x / p[k]!), 0);
      return q.map((x, k) => beta * x * (Math.log(x / p[k]!) - loss));
    };
    await expectListGradients((x) => exo<X>(x, { beta, tau: 2 }), slope, rewarded());
  });

  describeMaskedCandidates(exo<X>, ['policy', 'reference', 'rewards']);

  it('names bad input', () => {
    const lists = { policy: tensor([[-1, -2]]), reference: tensor([[-1, -2]]) };
    expectError(() => exo(lists as never), TypeError, 'exo: batch lacks rewards, expected { policy, reference, rewards }');
    const rewards = tensor([[1, 2]]);
    expectError(() => exo({ ...lists, rewards }, { tau: 0 }), RangeError, 'exo: tau must be finite and > 0, got 0');
  });
});
