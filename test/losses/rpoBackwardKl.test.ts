import { describe, it } from 'vitest';
import { dpo, logRatioMargin, ops, rpoBackwardKl } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { tensor, type X } from '../support/engine.js';
import { expectConstant } from '../support/expectConstant.js';
import { expectSame } from '../support/expectSame.js';
import { expectAtEnds, expectRewardedGradients, rewardedPairs, rewards } from '../support/rewardedPairs.js';
import { pair, pairLogps, sigmoid, softplus } from '../support/samples.js';

describe('rpoBackwardKl', () => {
  itCosts('rpoBackwardKl', 23);

  it('is dpo with soft labels minus their entropy', async () => {
    const eta = 0.5;
    const gaps = rewards.chosen.map((r, i) => eta * (r - rewards.rejected[i]!));
    const preference = tensor(gaps.map(sigmoid));
    const entropy = tensor(gaps.map((g) => sigmoid(g) * softplus(-g) + sigmoid(-g) * softplus(g)));
    await expectSame(rpoBackwardKl<X>(rewardedPairs(), { eta }), ops.sub<X>(dpo<X>(pairLogps(), { preference }), entropy), 16);
  });

  it('is 0 where the gaps are equal', async () => {
    const margins = ops.mul<X>(logRatioMargin<X>(pairLogps()), 0.1);
    const batch = { ...pairLogps(), rewards: { chosen: margins, rejected: tensor([0, 0, 0]) } };
    await expectConstant(rpoBackwardKl<X>(batch), 0);
  });

  it('has the gradient of its doc comment, also with respect to the rewards', async () => {
    const [b, eta] = [0.3, 0.5];
    await expectRewardedGradients(
      (x) => rpoBackwardKl<X>(x, { beta: b, eta }),
      (d, gap) => b * (sigmoid(b * d) - sigmoid(eta * gap)),
      (d, gap) => eta * sigmoid(eta * gap) * sigmoid(-eta * gap) * (eta * gap - b * d),
    );
  });

  it('takes a beta per pair', async () => {
    const batch = { ...pairLogps(), rewards: pair({ chosen: [1, 1, 1], rejected: [0, 0, 0] }) };
    const one = (beta: X): X => rpoBackwardKl<X>(batch, { beta });
    await expectSame(ops.slice<X>(one(tensor([0.1, 0.5, 2])), 1, 2), ops.slice<X>(one(0.5), 1, 2));
  });

  it('is right at the ends of margins and rewards', async () => {
    // The KL divergence of two certain preferences is 0, or as large as the margin.
    await expectAtEnds(
      (x) => rpoBackwardKl<X>(x, { beta: 1 }),
      (d, gap) => (gap === 0 ? (d === 0 ? 0 : 5e3 - Math.LN2) : gap === d ? 0 : d === 0 ? Math.LN2 : 1e4),
    );
  });
});
