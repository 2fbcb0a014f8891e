import { describe, it } from 'vitest';
import { discopop } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectValues, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, delta, pair, pairLogps, sigmoid, softplus } from '../support/samples.js';

describe('discopop', () => {
  itCosts('discopop', 14);

  it('is (ln 2 + 1) / 2 where policy and reference agree', async () => {
    await expectConstant(discopop<X>(agreeing()), (Math.LN2 + 1) / 2);
  });

  it('is the logistic loss for h far below 0, and 0 for h far above', async () => {
    const at = (margin: number): X =>
      discopop<X>({ policy: pair({ chosen: [margin], rejected: [0] }), reference: pair({ chosen: [0], rejected: [0] }) });
    await expectValues(at(-100), [Math.log1p(Math.exp(-10)) + 10], 10);
    await expectValues(at(1000), [0]);
  });

  it('has the gradient of its doc comment', async () => {
    const [b, tau] = [0.3, 0.2];
    const slope = (h: number): number => {
      const m = sigmoid(h / tau);
      return ((m * (1 - m)) / tau) * (Math.exp(-h) + Math.log(sigmoid(h))) - (1 - m) * sigmoid(-h) - m * Math.exp(-h);
    };
    await expectPairGradients((x) => discopop<X>(x, { beta: b, tau }), ({ d }) => b * slope(b * d), ({ d }) => -b * slope(b * d)); // prettier-ignore
  });

  it('names bad input', () => {
    const x = pairLogps();
    for (const tau of [0, 1.5, NaN]) expectError(() => discopop(x, { tau }), RangeError, `discopop: tau must be in (0, 1], got ${tau}`);
  });

  it('accepts a tau of 1, the end of its range', async () => {
    const h = delta.map((d) => 0.1 * d);
    const wanted = h.map((x) => sigmoid(-x) * softplus(-x) + sigmoid(x) * Math.exp(-x));
    await expectValues(discopop<X>(pairLogps(), { beta: 0.1, tau: 1 }), wanted);
  });
});
