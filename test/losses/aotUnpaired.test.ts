import { describe, it } from 'vitest';
import { aotUnpaired, dpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectValues, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { agreeing, pair, pairLogps, sample } from '../support/samples.js';

describe('aotUnpaired', () => {
  itCosts('aotUnpaired', 18);

  it('is ln 2 where both sides have the same log-ratios', async () => {
    await expectValues(aotUnpaired<X>(agreeing()), [Math.LN2, Math.LN2, Math.LN2]);
  });

  it('is dpo for a batch of one', async () => {
    const one = { policy: pair({ chosen: [-10], rejected: [-12] }), reference: pair({ chosen: [-11], rejected: [-11] }) };
    const options = { beta: 0.3, labelSmoothing: 0.1 };
    await expectSame(aotUnpaired<X>(one, options), dpo<X>(one, options));
  });

  it('does not depend on how the completions are paired', async () => {
    const turn = (values: number[]): number[] => [values[2]!, values[0]!, values[1]!];
    const apart = {
      policy: { ...sample.policy, chosen: turn(sample.policy.chosen) },
      reference: { ...sample.reference, chosen: turn(sample.reference.chosen) },
    };
    await expectSame(aotUnpaired(pairLogps(apart)), aotUnpaired(pairLogps()));
  });
});
