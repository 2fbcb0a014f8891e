import { describe, it } from 'vitest';
import { nca, ncaPair } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { beta, expectListGradients, rewarded, target } from '../support/listGradients.js';
import { describeMaskedCandidates } from '../support/maskedCandidates.js';
import { pairLogps, sigmoid } from '../support/samples.js';
import { asLists, hard } from '../support/twoCandidates.js';

describe('nca', () => {
  itCosts('nca', 17);

  it('is ncaPair for two candidates', async () => {
    await expectSame(nca<X>({ ...asLists(), rewards: hard() }), ncaPair(pairLogps()));
  });

  it('has the gradient of its doc comment', async () => {
    const slope = (row: number[], i: number): number[] => row.map((x, k) => beta * (sigmoid(x) / 3 - target(i)[k]! * sigmoid(-x)));
    await expectListGradients((x) => nca<X>(x, { beta, tau: 2 }), slope, rewarded());
  });

  // A lone candidate has a loss, too.
  describeMaskedCandidates(nca<X>, ['policy', 'reference', 'rewards'], { countsOne: true });

  it('names a bad tau', () => {
    const rows = tensor([[-1, -2], [-3, -4]]); // prettier-ignore
    const lists = { policy: rows, reference: rows, rewards: rows };
    expectError(() => nca<X>(lists, { tau: 0 }), RangeError, 'nca: tau must be finite and > 0, got 0');
  });
});
