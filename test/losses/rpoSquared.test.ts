import { describe, it } from 'vitest';
import { ipo, ops, rebel, rpoSquared } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { tensor, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectAtEnds, expectRewardedGradients, rewardedPairs } from '../support/rewardedPairs.js';
import { pair, pairLogps } from '../support/samples.js';

describe('rpoSquared', () => {
  itCosts('rpoSquared', 8);

  it('is beta^2 times rebel with eta / beta', async () => {
    const [beta, eta] = [0.25, 0.5];
    await expectSame(rpoSquared<X>(rewardedPairs(), { beta, eta }), ops.mul(rebel<X>(rewardedPairs(), { eta: eta / beta }), beta ** 2));
  });

  it('is beta^2 times ipo for a reward gap of 1 / (2 eta)', async () => {
    const batch = { ...pairLogps(), rewards: pair({ chosen: [0.5, 0.5, 0.5], rejected: [0, 0, 0] }) };
    await expectSame(rpoSquared<X>(batch, { beta: 0.25 }), ops.mul(ipo<X>(pairLogps(), { beta: 0.25 }), 0.0625));
  });

  it('has the gradient of its doc comment, also with respect to the rewards', async () => {
    const [b, eta] = [0.3, 0.5];
    await expectRewardedGradients(
      (x) => rpoSquared<X>(x, { beta: tensor([b, b, b]), eta }),
      (d, gap) => 2 * b * (b * d - eta * gap),
      (d, gap) => -2 * eta * (b * d - eta * gap),
    );
  });

  it('is right at the ends of margins and rewards', async () => {
    await expectAtEnds((x) => rpoSquared<X>(x, { beta: 1 }), (d, gap) => (d - gap) ** 2); // prettier-ignore
  });
});
