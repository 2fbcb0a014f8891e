import { describe, it } from 'vitest';
import { exoPair } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectValues, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, pair, pairLogps, sigmoid } from '../support/samples.js';

describe('exoPair', () => {
  itCosts('exoPair', 16);

  it('is -ln 2 - (log(1 - e) + log e) / 2 where policy and reference agree', async () => {
    await expectConstant(exoPair<X>(agreeing()), -Math.LN2 - (Math.log1p(-1e-3) + Math.log(1e-3)) / 2);
  });

  it('is 0 where h is the log-odds of the smoothed label', async () => {
    const margin = Math.log(0.9 / 0.1) / 0.1;
    const logps = { policy: pair({ chosen: [margin], rejected: [0] }), reference: pair({ chosen: [0], rejected: [0] }) };
    await expectValues(exoPair<X>(logps, { labelSmoothing: 0.1 }), [0]);
  });

  it('has the gradient of its doc comment', async () => {
    const [b, e] = [0.3, 0.1];
    const slope = (h: number): number => b * sigmoid(h) * sigmoid(-h) * (h - Math.log((1 - e) / e));
    await expectPairGradients((x) => exoPair<X>(x, { beta: b, labelSmoothing: e }), ({ d }) => slope(b * d), ({ d }) => -slope(b * d)); // prettier-ignore
  });

  it('names bad input', () => {
    const x = pairLogps();
    expectError(() => exoPair(x, { labelSmoothing: 0 }), RangeError, 'exoPair: labelSmoothing must be in (0, 0.5), got 0');
    expectError(() => exoPair(x, { labelSmoothing: 0.5 }), RangeError, 'exoPair: labelSmoothing must be in (0, 0.5), got 0.5');
  });
});
