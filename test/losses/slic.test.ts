import { describe, it } from 'vitest';
import { hinge, slic } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectFreeGradients } from '../support/pairGradients.js';
import { pair, sample } from '../support/samples.js';

describe('slic', () => {
  itCosts('slic', 7);

  it('is hinge at beta 1 if lambda is 0', async () => {
    const logps = pair(sample.policy);
    await expectSame(slic<X>(logps, { lambda: 0 }), hinge<X>({ policy: logps }, { beta: 1 }), 40);
  });

  it('has the gradient of its doc comment', async () => {
    const isOpen = (x: number, y: number): number => (0.25 - x + y > 0 ? 1 : 0);
    await expectFreeGradients(
      (x) => slic<X>(x, { delta: 0.25, lambda: 0.5 }),
      (x, y) => -isOpen(x, y) - 0.5,
      isOpen,
    );
  });

  it('names bad options', () => {
    const x = pair({ chosen: [-0.5, -1], rejected: [-1, -0.75] });
    expectError(() => slic(x, { delta: -1 }), RangeError, 'slic: delta must be finite and >= 0, got -1');
    expectError(() => slic(x, { lambda: -1 }), RangeError, 'slic: lambda must be finite and >= 0, got -1');
  });
});
