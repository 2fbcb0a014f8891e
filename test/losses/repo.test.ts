import { describe, it } from 'vitest';
import { hinge, ops, repo, simpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectValues, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectFreeGradients } from '../support/pairGradients.js';
import { pair } from '../support/samples.js';

const logps = () => pair({ chosen: [-0.5, -1, -3], rejected: [-1, -0.75, -3] });

describe('repo', () => {
  itCosts('repo', 5);

  it('is a hinge of the margin', async () => {
    await expectValues(repo<X>(logps(), { gamma: 0.75 }), [0.25, 1, 0.75]);
    await expectValues(repo<X>(logps(), { gamma: -0.125 }), [0, 0.125, 0]);
  });

  it('is gamma times hinge of the policy alone', async () => {
    await expectSame(repo<X>(logps(), { gamma: 0.5 }), ops.mul(hinge<X>({ policy: logps() }, { beta: 2 }), 0.5));
  });

  it('is the limit of simpo for a large beta', async () => {
    const [beta, gamma] = [2 ** 20, 0.625];
    const scaled = ops.div(simpo<X>(logps(), { beta, gammaBetaRatio: gamma }), beta);
    await expectSame(repo<X>(logps(), { gamma }), scaled);
  });

  it('has the gradient of its doc comment', async () => {
    const isActive = (x: number, y: number): number => Number(x - y < 0.375);
    await expectFreeGradients(
      (x) => repo<X>(x, { gamma: 0.375 }),
      (x, y) => -isActive(x, y),
      (x, y) => isActive(x, y),
    );
  });

  it('names bad options', () => {
    const x = logps();
    expectError(() => repo<X>(x, {} as never), TypeError, 'repo: gamma is undefined, expected a number');
    expectError(() => repo<X>(x, { gamma: NaN }), RangeError, 'repo: gamma must be finite, got NaN');
  });
});
