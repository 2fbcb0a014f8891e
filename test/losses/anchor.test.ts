import { describe, it } from 'vitest';
import { anchor, bco, ops } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectValues, tensor, weight, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { sigmoid, unpairedLogps } from '../support/samples.js';

const policy = [-10, -31.5, -7.25];
const reference = [-11, -30.25, -7.25];
const rho = [1, -1.25, 0];
const batch = () => unpairedLogps(policy, reference);

describe('anchor', () => {
  itCosts('anchor', 4);

  it('is bco of desirable examples', async () => {
    const labelled = { ...batch(), desirable: tensor([1, 1, 1]) };
    await expectSame(anchor<X>(batch(), { beta: 0.3, delta: 0.5 }), bco<X>(labelled, { beta: 0.3, delta: 0.5 }));
  });

  it('is ln 2 where the reward is delta', async () => {
    await expectValues(anchor<X>(unpairedLogps(policy, policy)), [Math.LN2, Math.LN2, Math.LN2]);
    await expectValues(anchor<X>(unpairedLogps([-10], [-12]), { beta: 0.5, delta: 1 }), [Math.LN2]);
  });

  it('differs by the reward minus delta from that of the opposite', async () => {
    const loss = anchor<X>(batch(), { beta: 0.3, delta: 0.5 });
    const opposite = anchor<X>(unpairedLogps(reference, policy), { beta: 0.3, delta: -0.5 });
    await expectValues(ops.sub<X>(opposite, loss), rho.map((r) => 0.3 * r - 0.5)); // prettier-ignore
  });

  it('has the gradient of its doc comment', async () => {
    const slopes = rho.map((r, i) => -weight(i) * 0.3 * sigmoid(0.5 - 0.3 * r));
    const f = (p: X, r: X): X => anchor<X>({ policy: p, reference: r }, { beta: 0.3, delta: 0.5 });
    await expectGradients(f, [policy, reference], [slopes, slopes.map((g) => -g)]);
  });

  it('names bad options', () => {
    const x = batch();
    expectError(() => anchor(x, { delta: NaN }), RangeError, 'anchor: delta must be finite, got NaN');
    expectError(() => anchor(x, { beta: -1 }), RangeError, 'anchor: beta must be finite and > 0, got -1');
  });
});
