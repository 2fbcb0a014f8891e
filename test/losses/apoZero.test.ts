import { describe, it } from 'vitest';
import { apoZero } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import type { X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, sigmoid } from '../support/samples.js';

describe('apoZero', () => {
  itCosts('apoZero', 8);

  it('is 1 where policy and reference agree', async () => {
    await expectConstant(apoZero<X>(agreeing()), 1);
  });

  it('has the gradient of its doc comment', async () => {
    const b = 0.3;
    const bell = (rho: number): number => b * sigmoid(b * rho) * sigmoid(-b * rho);
    await expectPairGradients((x) => apoZero<X>(x, { beta: b }), ({ w }) => -bell(w), ({ l }) => bell(l)); // prettier-ignore
  });
});
