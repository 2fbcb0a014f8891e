import { describe, it } from 'vitest';
import { dpo, npo, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectValues, tensor, weight, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { sigmoid, unpairedLogps } from '../support/samples.js';

const policy = [-10, -31.5, -7.25];
const reference = [-11, -30.25, -7.25];
const rho = [1, -1.25, 0];
const batch = () => unpairedLogps(policy, reference);

describe('npo', () => {
  itCosts('npo', 5);

  it('is 2 / beta times dpo without the chosen side', async () => {
    const { policy: rejected, reference: before } = batch();
    const none = tensor([0, 0, 0]);
    const pairs = { policy: { chosen: none, rejected }, reference: { chosen: none, rejected: before } };
    await expectSame(npo<X>(batch(), { beta: 0.5 }), ops.mul(dpo<X>(pairs, { beta: 0.5 }), 4));
  });

  it('is (2 / beta) ln 2 where policy and reference agree', async () => {
    await expectValues(npo<X>(unpairedLogps(policy, policy)), policy.map(() => 20 * Math.LN2)); // prettier-ignore
  });

  it('approaches gradient ascent for a small beta: the log-ratio, up to a constant', async () => {
    const beta = 1e-4;
    const shifted = ops.sub<X>(npo<X>(batch(), { beta }), (2 / beta) * Math.LN2);
    await expectValues(shifted, rho.map((r) => r + (beta * r * r) / 4), 1 / beta); // prettier-ignore
  });

  it('has the gradient of its doc comment', async () => {
    const slopes = rho.map((r, i) => weight(i) * 2 * sigmoid(0.3 * r));
    const f = (p: X, r: X): X => npo<X>({ policy: p, reference: r }, { beta: 0.3 });
    await expectGradients(f, [policy, reference], [slopes, slopes.map((g) => -g)]);
  });

  it('names bad input', () => {
    const x = batch();
    expectError(() => npo(x, { beta: 0 }), RangeError, 'npo: beta must be finite and > 0, got 0');
    expectError(() => npo({ policy: x.policy } as never), TypeError, 'npo: batch lacks reference, expected { policy, reference }');
    expectError(
      () => npo({ ...x, desirable: [1, 0, 1] } as never),
      TypeError,
      'npo: batch has an unknown field desirable, expected { policy, reference }',
    );
  });
});
