import { describe, it } from 'vitest';
import { bcoPair } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, pairLogps, sigmoid } from '../support/samples.js';

describe('bcoPair', () => {
  itCosts('bcoPair', 9);

  it('is 2 ln 2 where policy and reference agree', async () => {
    await expectConstant(bcoPair<X>(agreeing()), 2 * Math.LN2);
  });

  it('has the gradient of its doc comment', async () => {
    const b = 0.3;
    await expectPairGradients(
      (x) => bcoPair<X>(x, { beta: b, delta: 0.5 }),
      ({ w }) => -b * sigmoid(0.5 - b * w),
      ({ l }) => b * sigmoid(b * l - 0.5),
    );
  });

  it('names bad input', () => {
    const x = pairLogps();
    expectError(() => bcoPair(x, { delta: NaN }), RangeError, 'bcoPair: delta must be finite, got NaN');
  });
});
