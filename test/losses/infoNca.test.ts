import { describe, it } from 'vitest';
import { dpo, infoNca } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { beta, expectListGradients, rewarded, softmax, target } from '../support/listGradients.js';
import { describeMaskedCandidates } from '../support/maskedCandidates.js';
import { pairLogps } from '../support/samples.js';
import { asLists, hard, smoothed } from '../support/twoCandidates.js';

describe('infoNca', () => {
  itCosts('infoNca', 19);

  it('is dpo for two candidates, with hard or smoothed labels', async () => {
    await expectSame(infoNca<X>({ ...asLists(), rewards: hard() }), dpo(pairLogps()));
    await expectSame(infoNca<X>({ ...asLists(), rewards: smoothed(0.05) }), dpo(pairLogps(), { labelSmoothing: 0.05 }));
  });

  it('has the gradient of its doc comment', async () => {
    const slope = (row: number[], i: number): number[] => softmax(row).map((q, k) => beta * (q - target(i)[k]!));
    await expectListGradients((x) => infoNca<X>(x, { beta, tau: 2 }), slope, rewarded());
  });

  describeMaskedCandidates(infoNca<X>, ['policy', 'reference', 'rewards']);

  it('names a bad tau', () => {
    const rows = tensor([[-1, -2], [-3, -4]]); // prettier-ignore
    const lists = { policy: rows, reference: rows, rewards: rows };
    expectError(() => infoNca<X>(lists, { tau: 0 }), RangeError, 'infoNca: tau must be finite and > 0, got 0');
  });
});
