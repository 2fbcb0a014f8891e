import { describe, it } from 'vitest';
import { dpo, dpop, logRatioMargin, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, pairLogps, sigmoid, swappedSample } from '../support/samples.js';

describe('dpop', () => {
  itCosts('dpop', 12);

  it('is ln 2 where policy and reference agree', async () => {
    await expectConstant(dpop<X>(agreeing()), Math.LN2);
  });

  it('is dpo at lambda 0', async () => {
    await expectSame(dpop(pairLogps(), { lambda: 0 }), dpo(pairLogps()));
  });

  it('grows by beta times the margin if the pair is swapped, at lambda 0', async () => {
    const difference = ops.sub(dpop<X>(pairLogps(swappedSample), { lambda: 0 }), dpop<X>(pairLogps(), { lambda: 0 }));
    await expectSame(difference, ops.mul(logRatioMargin<X>(pairLogps()), 0.1));
  });

  it('has the gradient of its doc comment', async () => {
    const b = 0.3;
    const h = ({ w, l }: { w: number; l: number }): number => b * (w - l - 5 * Math.max(0, -w));
    await expectPairGradients(
      (x) => dpop<X>(x, { beta: b, lambda: 5 }),
      (rho) => -b * sigmoid(-h(rho)) * (rho.w < 0 ? 6 : 1),
      (rho) => b * sigmoid(-h(rho)),
    );
  });

  it('names bad input', () => {
    const x = pairLogps();
    expectError(() => dpop(x, { lambda: -1 }), RangeError, 'dpop: lambda must be finite and >= 0, got -1');
  });
});
