import { describe, it } from 'vitest';
import { aot, dpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { agreeing, pair, pairLogps, sample } from '../support/samples.js';

describe('aot', () => {
  itCosts('aot', 18);

  it('is ln 2 where policy and reference agree', async () => {
    await expectConstant(aot<X>(agreeing()), Math.LN2);
  });

  it('smooths no labels by default', async () => {
    await expectSame(aot(pairLogps(), { labelSmoothing: 0 }), aot(pairLogps()));
  });

  it('is dpo for a batch of one', async () => {
    const one = { policy: pair({ chosen: [-10], rejected: [-12] }), reference: pair({ chosen: [-11], rejected: [-11] }) };
    const options = { beta: 0.3, labelSmoothing: 0.1 };
    await expectSame(aot<X>(one, options), dpo<X>(one, options));
  });

  it('does not depend on the order of the pairs', async () => {
    const turn = (values: number[]): number[] => [values[2]!, values[0]!, values[1]!];
    const turned = {
      policy: { chosen: turn(sample.policy.chosen), rejected: turn(sample.policy.rejected) },
      reference: { chosen: turn(sample.reference.chosen), rejected: turn(sample.reference.rejected) },
    };
    await expectSame(aot(pairLogps(turned)), aot(pairLogps()));
  });

  it('names bad input', () => {
    const x = pairLogps();
    expectError(() => aot<X>(x, { labelSmoothing: 0.5 }), RangeError, 'aot: labelSmoothing must be in [0, 0.5), got 0.5');
  });
});
