import { describe, it } from 'vitest';
import { hinge } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectGradients, expectValues, tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, weight } from '../support/samples.js';

describe('hinge', () => {
  itCosts('hinge', 8);

  it('is 1 where policy and reference agree', async () => {
    await expectConstant(hinge<X>(agreeing()), 1);
  });

  it('is 0 where the margin is at least 1 / beta', async () => {
    const f = (chosen: X): X => hinge<X>({ policy: { chosen, rejected: tensor([0, 0]) } }, { beta: 0.5 });
    await expectValues(f(tensor([2, 3])), [0, 0]);
    await expectGradients(f, [[3, 1]], [[0, -0.5 * weight(1)]]);
  });

  it('has the gradient of its doc comment', async () => {
    const b = 0.3;
    await expectPairGradients((x) => hinge<X>(x, { beta: b }), ({ d }) => (b * d < 1 ? -b : 0), ({ d }) => (b * d < 1 ? b : 0)); // prettier-ignore
  });
});
