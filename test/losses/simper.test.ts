import { describe, it } from 'vitest';
import { ops, simper } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectValues, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectFreeGradients } from '../support/pairGradients.js';
import { pair, swapped } from '../support/samples.js';

const logps = { chosen: [-0.5, -1], rejected: [-1, -0.75] };

describe('simper', () => {
  itCosts('simper', 8);

  it('changes sign if the pair is swapped', async () => {
    await expectSame(simper<X>(pair(swapped(logps))), ops.neg<X>(simper<X>(pair(logps))));
  });

  it('reaches both ends of [-1, 1]', async () => {
    await expectValues(simper<X>(pair({ chosen: [0, -1e5], rejected: [-1e5, 0] })), [-1, 1]);
  });

  it('has the gradient of its doc comment, also near 0', async () => {
    const slopes = [(x: number) => -Math.exp(x), (_: number, y: number) => Math.exp(y)] as const;
    await expectFreeGradients((x) => simper<X>(x), ...slopes);
    await expectFreeGradients((x) => simper<X>(x), ...slopes, [[-0.01, -0.5], [-0.02, -0.25]]); // prettier-ignore
  });

  it('has no options', () => {
    const x = pair(logps);
    expectError(() => simper(x, { beta: 1 } as never), RangeError, 'simper: unknown option beta, expected none');
  });
});
