import { describe, expect, it } from 'vitest';
import { ncaPair } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectValues, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, pairLogps, sigmoid } from '../support/samples.js';

describe('ncaPair', () => {
  itCosts('ncaPair', 11);

  it('is 2 ln 2 where policy and reference agree', async () => {
    await expectConstant(ncaPair<X>(agreeing()), 2 * Math.LN2);
  });

  it('is smallest at a chosen log-ratio of ln 2 / beta, with the rejected side far below', async () => {
    const chosen = [0.5, 1, 2].map((scale) => scale * Math.LN2);
    const zeros = [0, 0, 0];
    const logps = pairLogps({ policy: { chosen, rejected: [-1e3, -1e3, -1e3] }, reference: { chosen: zeros, rejected: zeros } });
    const value = (r: number): number => Math.log1p(Math.exp(-r)) + Math.log1p(Math.exp(r)) / 2;
    const lowest = 1.5 * Math.log(3) - Math.LN2;
    await expectValues(ncaPair<X>(logps, { beta: 1 }), [value(chosen[0]!), lowest, value(chosen[2]!)]);
    expect(Math.min(value(chosen[0]!), value(chosen[2]!))).toBeGreaterThan(lowest);
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
