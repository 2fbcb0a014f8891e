import { describe, it } from 'vitest';
import { alphaPo, simpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectValues, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectFreeGradients } from '../support/pairGradients.js';
import { pair, sigmoid } from '../support/samples.js';
import { expectPairMarginErrors } from '../support/targetMargin.js';

const logps = () => pair({ chosen: [-0.5, -1], rejected: [-1, -0.75] });

describe('alphaPo', () => {
  itCosts('alphaPo', 13);

  it('is the same for gamma and the equivalent gammaBetaRatio', async () => {
    await expectSame(
      alphaPo<X>(logps(), { alpha: 0.3, beta: 2, gamma: 1.5 }),
      alphaPo<X>(logps(), { alpha: 0.3, beta: 2, gammaBetaRatio: 0.75 }),
    );
  });

  it('is simpo for a small alpha', async () => {
    await expectSame(alphaPo<X>(logps(), { alpha: 1e-13, beta: 2, gamma: 1 }), simpo<X>(logps(), { beta: 2, gamma: 1 }));
  });

  it('limits exponents to maxExponent', async () => {
    const reward = (exponent: number): number => -Math.expm1(exponent) / 2;
    const h = 0.5 * (reward(3) - reward(2)) - 1;
    const options = { alpha: 2, beta: 0.5, gamma: 1, maxExponent: 3 };
    await expectValues(alphaPo<X>(pair({ chosen: [-5], rejected: [-1] }), options), [Math.log1p(Math.exp(-h))]);
  });

  it('has the gradient of its doc comment', async () => {
    const e = 0.1;
    const reward = (x: number): number => -Math.expm1(-0.25 * x) / 0.25;
    const outer = (x: number, y: number): number => 2 * (e - sigmoid(-(2 * (reward(x) - reward(y)) - 1)));
    await expectFreeGradients(
      (x) => alphaPo<X>(x, { alpha: 0.25, beta: 2, gamma: 1, labelSmoothing: e }),
      (x, y) => outer(x, y) * Math.exp(-0.25 * x),
      (x, y) => -outer(x, y) * Math.exp(-0.25 * y),
    );
  });

  it('names bad options', () => {
    const x = logps();
    expectPairMarginErrors('alphaPo', (options) => alphaPo(x, { alpha: 0.25, ...options } as never));
    expectError(() => alphaPo(x, { alpha: 0, beta: 2, gamma: 1 }), RangeError, 'alphaPo: alpha must be finite and not 0, got 0');
    expectError(
      () => alphaPo(x, { alpha: 1, beta: 2, gamma: 1, maxExponent: -1 }),
      RangeError,
      'alphaPo: maxExponent must be finite and > 0, got -1',
    );
  });
});
