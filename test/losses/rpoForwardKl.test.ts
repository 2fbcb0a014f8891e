import { describe, it } from 'vitest';
import { exoPair, logRatioMargin, ops, rpoForwardKl } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { expectAtEnds, expectRewardedGradients } from '../support/rewardedPairs.js';
import { pair, pairLogps, sigmoid } from '../support/samples.js';

describe('rpoForwardKl', () => {
  itCosts('rpoForwardKl', 25);

  it('is exoPair for the gap of its smoothed label', async () => {
    const e = 0.125;
    const gap = Math.log((1 - e) / e);
    const batch = { ...pairLogps(), rewards: pair({ chosen: [gap, gap, gap], rejected: [0, 0, 0] }) };
    await expectSame(rpoForwardKl<X>(batch), exoPair<X>(pairLogps(), { labelSmoothing: e }), 16);
  });

  it('is 0 where the gaps are equal', async () => {
    const margins = ops.mul<X>(logRatioMargin<X>(pairLogps()), 0.1);
    await expectConstant(rpoForwardKl<X>({ ...pairLogps(), rewards: { chosen: margins, rejected: tensor([0, 0, 0]) } }), 0);
  });

  it('has the gradient of its doc comment, also with respect to the rewards', async () => {
    const [b, eta] = [0.3, 0.5];
    await expectRewardedGradients(
      (x) => rpoForwardKl<X>(x, { beta: b, eta }),
      (d, gap) => b * sigmoid(b * d) * sigmoid(-b * d) * (b * d - eta * gap),
      (d, gap) => eta * (sigmoid(eta * gap) - sigmoid(b * d)),
    );
  });

  it('is right at the ends of margins and rewards', async () => {
    await expectAtEnds(
      (x) => rpoForwardKl<X>(x, { beta: 1 }),
      (d, gap) => (d === 0 ? (gap === 0 ? 0 : 5e3 - Math.LN2) : gap === d ? 0 : gap === 0 ? Math.LN2 : 1e4),
    );
  });
});
