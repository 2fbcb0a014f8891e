import { describe, it } from 'vitest';
import { cpo, ops, simpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectFreeGradients } from '../support/pairGradients.js';
import { pair, sample, sigmoid, swapped } from '../support/samples.js';
import { expectPairMarginErrors } from '../support/targetMargin.js';

const logps = () => pair({ chosen: [-0.5, -1], rejected: [-1, -0.75] });

describe('simpo', () => {
  itCosts('simpo', 5);

  it('is cpo at gamma 0', async () => {
    await expectSame(simpo<X>(logps(), { beta: 2, gamma: 0 }), cpo<X>(logps(), { beta: 2 }));
  });

  it('is the same for gamma and the equivalent gammaBetaRatio', async () => {
    await expectSame(simpo<X>(logps(), { beta: 2, gamma: 1.5 }), simpo<X>(logps(), { beta: 2, gammaBetaRatio: 0.75 }));
  });

  it('grows by beta times the margin if the pair is swapped, at gamma 0', async () => {
    const of = (x: X): X => simpo<X>(x, { beta: 0.1, gamma: 0 });
    const margin = tensor(sample.policy.chosen.map((c, i) => 0.1 * (c - sample.policy.rejected[i]!)));
    await expectSame(ops.sub(of(pair(swapped(sample.policy))), of(pair(sample.policy))), margin);
  });

  it('has the gradient of its doc comment', async () => {
    const e = 0.1;
    const slope = (x: number, y: number): number => 2 * (e - sigmoid(-(2 * (x - y) - 1)));
    await expectFreeGradients(
      (x) => simpo<X>(x, { beta: 2, gamma: 1, labelSmoothing: e }),
      slope,
      (x, y) => -slope(x, y),
    );
  });

  it('names bad options', () => {
    const x = logps();
    expectPairMarginErrors('simpo', (options) => simpo(x, options as never));
  });
});
