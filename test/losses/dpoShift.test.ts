import { describe, it } from 'vitest';
import { dpo, dpoShift } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectValues, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, pairLogps, sample, sigmoid, softplus } from '../support/samples.js';

describe('dpoShift', () => {
  itCosts('dpoShift', 7);

  it('is dpo for lambda 1, and ln 2 where policy and reference agree', async () => {
    await expectSame(dpoShift<X>(pairLogps(), { lambda: 1 }), dpo<X>(pairLogps()));
    await expectConstant(dpoShift<X>(agreeing(), { lambda: 0.5 }), Math.LN2);
  });

  it('weighs the rejected log-ratio', async () => {
    const { policy, reference } = sample;
    const rho = (side: 'chosen' | 'rejected', i: number): number => policy[side][i]! - reference[side][i]!;
    await expectValues(
      dpoShift<X>(pairLogps(), { beta: 0.5, lambda: 0.75 }),
      [0, 1, 2].map((i) => softplus(-0.5 * (rho('chosen', i) - 0.75 * rho('rejected', i)))),
    );
  });

  it('has the gradient of its doc comment', async () => {
    const [b, lambda] = [0.3, 0.75];
    const s = (w: number, l: number): number => b * sigmoid(-b * (w - lambda * l));
    await expectPairGradients(
      (x) => dpoShift<X>(x, { beta: b, lambda }),
      ({ w, l }) => -s(w, l),
      ({ w, l }) => lambda * s(w, l),
    );
  });

  it('names bad options', () => {
    const x = pairLogps();
    for (const lambda of [0, 1.5, NaN]) {
      expectError(() => dpoShift<X>(x, { lambda }), RangeError, `dpoShift: lambda must be in (0, 1], got ${lambda}`);
    }
    expectError(() => dpoShift<X>(x, {} as never), TypeError, 'dpoShift: lambda is undefined, expected a number');
  });
});
