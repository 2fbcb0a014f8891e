import { describe, it } from 'vitest';
import { cpo, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectFreeGradients } from '../support/pairGradients.js';
import { pair, sample, sigmoid, swapped } from '../support/samples.js';

describe('cpo', () => {
  itCosts('cpo', 4);

  it('smooths no labels by default', async () => {
    await expectSame(cpo(pair(sample.policy), { labelSmoothing: 0 }), cpo(pair(sample.policy)));
  });

  it('grows by beta times the margin if the pair is swapped', async () => {
    const margin = tensor(sample.policy.chosen.map((c, i) => 0.1 * (c - sample.policy.rejected[i]!)));
    await expectSame(ops.sub(cpo<X>(pair(swapped(sample.policy))), cpo<X>(pair(sample.policy))), margin);
  });

  it('has the gradient of its doc comment', async () => {
    const [b, e] = [0.3, 0.1];
    const slope = (x: number, y: number): number => b * (e - sigmoid(-b * (x - y)));
    await expectFreeGradients(
      (x) => cpo<X>(x, { beta: b, labelSmoothing: e }),
      slope,
      (x, y) => -slope(x, y),
    );
  });

  it('names bad input', () => {
    const x = pair({ chosen: [-1], rejected: [-2] });
    expectError(() => cpo<X>(x, { labelSmoothing: 0.5 }), RangeError, 'cpo: labelSmoothing must be in [0, 0.5), got 0.5');
  });
});
