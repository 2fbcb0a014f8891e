import { describe, it } from 'vitest';
import { ncaPair } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import type { X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, sigmoid } from '../support/samples.js';

describe('ncaPair', () => {
  itCosts('ncaPair', 11);

  it('is 2 ln 2 where policy and reference agree', async () => {
    await expectConstant(ncaPair<X>(agreeing()), 2 * Math.LN2);
  });

  it('has the gradient of its doc comment', async () => {
    const b = 0.3;
    await expectPairGradients(
      (x) => ncaPair<X>(x, { beta: b }),
      ({ w }) => b * (sigmoid(b * w) / 2 - sigmoid(-b * w)),
      ({ l }) => (b * sigmoid(b * l)) / 2,
    );
  });
});
