import { describe, it } from 'vitest';
import { dpo, fDpo, logRatioMargin, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectValues, tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { expectPairGradients } from '../support/pairGradients.js';
import { agreeing, pair, pairLogps, sigmoid, swappedSample, weight } from '../support/samples.js';

describe('fDpo', () => {
  itCosts('fDpo', 14);

  it('is ln 2 where policy and reference agree', async () => {
    await expectConstant(fDpo<X>(agreeing(), { divergence: 'jensenShannon' }), Math.LN2);
  });

  it('is dpo for the reverse KL and for a small alpha, and the forward KL at alpha 1', async () => {
    const small = pairLogps({
      policy: { chosen: [-1, -2, -3], rejected: [-3, -1, -3] },
      reference: { chosen: [-2, -2, -2], rejected: [-2, -2, -2] },
    });
    await expectSame(fDpo(small), dpo(small));
    await expectSame(fDpo(small, { divergence: 'reverseKl' }), dpo(small));
    await expectSame(fDpo(small, { divergence: 'alpha', alpha: 1 }), fDpo(small, { divergence: 'forwardKl' }));
    await expectSame(fDpo(small, { divergence: 'alpha', alpha: 1e-13 }), dpo(small));
    await expectSame(fDpo(small, { divergence: 'alpha' }), fDpo(small, { divergence: 'alpha', alpha: 0.5 }));
  });

  it('grows by beta times the margin if the pair is swapped', async () => {
    const difference = ops.sub(fDpo<X>(pairLogps(swappedSample)), fDpo<X>(pairLogps()));
    await expectSame(difference, ops.mul(logRatioMargin<X>(pairLogps()), 0.1));
  });

  it('limits exponents to maxExponent, with zero gradient beyond it', async () => {
    const logps = (chosen: X) => ({ policy: { chosen, rejected: tensor([0]) }, reference: pair({ chosen: [0], rejected: [0] }) });
    const far = (chosen: X): X => fDpo<X>(logps(chosen), { divergence: 'forwardKl', maxExponent: 3 });
    await expectValues(far(tensor([-5])), [Math.log1p(Math.exp(0.1 * Math.expm1(3)))]);
    await expectGradients(far, [[-5]], [[0]]);
    const alpha = (chosen: X): X => fDpo<X>(logps(chosen), { divergence: 'alpha', alpha: 2, maxExponent: 3 });
    await expectValues(alpha(tensor([-5])), [Math.log1p(Math.exp((0.1 * Math.expm1(3)) / 2))]);
  });

  it('limits the exponent of chiSquaredKl, whose slope beyond it is 1', async () => {
    const logps = (chosen: X) => ({ policy: { chosen, rejected: tensor([0]) }, reference: pair({ chosen: [0], rejected: [0] }) });
    const far = (chosen: X): X => fDpo<X>(logps(chosen), { divergence: 'chiSquaredKl', maxExponent: 3 });
    const h = 0.1 * (5 + Math.expm1(3));
    await expectValues(far(tensor([5])), [Math.log1p(Math.exp(-h))]);
    await expectGradients(far, [[5]], [[-0.1 * weight(0) * sigmoid(-h)]]);
  });

  it('clips the argument of the sigmoid to twice the largest reward, with zero gradient outside', async () => {
    const logps = (chosen: X) => ({ policy: { chosen, rejected: tensor([0, 0]) }, reference: pair({ chosen: [0, 0], rejected: [0, 0] }) });
    const clipped = (chosen: X): X => fDpo<X>(logps(chosen), { divergence: 'chiSquaredKl', beta: 0.5, clip: 0.75 });
    await expectValues(clipped(tensor([3, -5])), [Math.log1p(Math.exp(-1.5)), Math.log1p(Math.exp(1.5))]);
    await expectGradients(clipped, [[3, -5]], [[0, 0]]);
    await expectSame(
      fDpo(logps(tensor([0.5, -0.5])), { divergence: 'chiSquaredKl', beta: 0.5, clip: 0.75 }),
      fDpo(logps(tensor([0.5, -0.5])), { divergence: 'chiSquaredKl', beta: 0.5 }),
    );
  });

  it.each<[string, object, (rho: number) => number, (rho: number) => number]>([
    ['jensenShannon', {}, (rho) => sigmoid(-rho), (rho) => Math.log(sigmoid(rho))],
    ['forwardKl', {}, (rho) => Math.exp(-rho), (rho) => -Math.exp(-rho)],
    ['chiSquaredKl', {}, (rho) => 1 + Math.exp(rho), (rho) => rho + Math.exp(rho)],
    ['alpha', { alpha: 0.5 }, (rho) => Math.exp(-rho / 2), (rho) => -2 * Math.exp(-rho / 2)],
  ])('has the gradient of its doc comment for %s', async (divergence, more, slope, g) => {
    const b = 0.3;
    await expectPairGradients(
      (x) => fDpo<X>(x, { beta: b, divergence, ...more } as never),
      ({ w, l }) => -b * sigmoid(-b * (g(w) - g(l))) * slope(w),
      ({ w, l }) => b * sigmoid(-b * (g(w) - g(l))) * slope(l),
    );
  });

  it('names bad input, and options that would be ignored', () => {
    const x = pairLogps();
    const call = (options: object) => () => fDpo(x, options as never);
    expectError(call({ alpha: 0.5 }), RangeError, 'fDpo: alpha would be ignored by reverseKl');
    expectError(call({ divergence: 'forwardKl', alpha: 0.5 }), RangeError, 'fDpo: alpha would be ignored by forwardKl');
    expectError(call({ maxExponent: 10 }), RangeError, 'fDpo: maxExponent would be ignored by reverseKl');
    expectError(call({ divergence: 'jensenShannon', maxExponent: 10 }), RangeError, 'fDpo: maxExponent would be ignored by jensenShannon');
    expectError(
      call({ divergence: 'kl' }),
      RangeError,
      'fDpo: divergence must be one of "reverseKl", "forwardKl", "jensenShannon", "alpha", "chiSquaredKl", got "kl"',
    );
    expectError(call({ divergence: 'chiSquaredKl', alpha: 0.5 }), RangeError, 'fDpo: alpha would be ignored by chiSquaredKl');
    for (const divergence of ['reverseKl', 'forwardKl', 'jensenShannon', 'alpha'])
      expectError(call({ divergence, clip: 1 }), RangeError, `fDpo: clip would be ignored by ${divergence}`);
    expectError(call({ divergence: 'chiSquaredKl', clip: 0 }), RangeError, 'fDpo: clip must be finite and > 0, got 0');
    expectError(call({ divergence: 'alpha', alpha: 0 }), RangeError, 'fDpo: alpha must be finite and not 0, got 0');
    expectError(call({ divergence: 'alpha', maxExponent: 0 }), RangeError, 'fDpo: maxExponent must be finite and > 0, got 0');
  });
});
