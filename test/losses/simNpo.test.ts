import { describe, it } from 'vitest';
import { npo, ops, simNpo, simpo } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectGradients, expectValues, tensor, weight, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { sigmoid } from '../support/samples.js';
import { expectTargetMarginErrors } from '../support/targetMargin.js';

const means = [-0.5, -1.25, -3];
const batch = () => ({ policy: tensor(means) });

describe('simNpo', () => {
  itCosts('simNpo', 4);

  it('is npo against a reference of log-prob 0, at gamma 0', async () => {
    const reference = tensor(means.map(() => 0));
    await expectSame(simNpo<X>(batch(), { beta: 0.5, gamma: 0 }), npo<X>({ ...batch(), reference }, { beta: 0.5 }));
  });

  it('is 2 / beta times simpo without the chosen side', async () => {
    const sides = { chosen: tensor(means.map(() => 0)), rejected: tensor(means) };
    await expectSame(simNpo<X>(batch(), { beta: 2, gamma: 0.75 }), simpo<X>(sides, { beta: 2, gamma: 0.75 }));
    await expectSame(simNpo<X>(batch(), { beta: 4, gamma: 0.75 }), ops.mul(simpo<X>(sides, { beta: 4, gamma: 0.75 }), 0.5));
  });

  it('is the same for gamma and the equivalent gammaBetaRatio', async () => {
    await expectSame(simNpo<X>(batch(), { beta: 2, gamma: 1.5 }), simNpo<X>(batch(), { beta: 2, gammaBetaRatio: 0.75 }));
    await expectSame(simNpo<X>(batch(), { gamma: 0.05 }), simNpo<X>(batch(), { gammaBetaRatio: 0.5 }));
  });

  it('is at most (2 / beta) log(1 + e^gamma), at a log-prob of 0', async () => {
    await expectValues(simNpo<X>({ policy: tensor([0]) }, { beta: 2.5, gamma: 1 }), [0.8 * Math.log1p(Math.E)]);
  });

  it('has the gradient of its doc comment', async () => {
    const slopes = means.map((x, i) => weight(i) * 2 * sigmoid(2.5 * x + 0.5));
    await expectGradients((x: X) => simNpo<X>({ policy: x }, { beta: 2.5, gamma: 0.5 }), [means], [slopes]);
  });

  it('names bad input', () => {
    const x = batch();
    expectTargetMarginErrors('simNpo', (options) => simNpo(x, options as never));
    expectError(
      () => simNpo({ ...x, reference: x.policy } as never, { gamma: 0 }),
      TypeError,
      'simNpo: batch has an unknown field reference, expected { policy }',
    );
  });
});
