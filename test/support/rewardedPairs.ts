import { expectGradients, expectNoLeak, expectValues, tensor, type X } from './engine.js';
import { along, four, minus, type Slope } from './pairGradients.js';
import { fromFour, pair, pairLogps } from './samples.js';

/** Rewards of the three pairs of the sample. */
export const rewards = { chosen: [1.5, -0.5, 2], rejected: [0.5, 0.25, 2] };

/** The sample with rewards as tensors. */
export const rewardedPairs = () => ({ ...pairLogps(), rewards: pair(rewards) });

/** A derivative of the loss of a pair from its margin of log-ratios and its gap of rewards. */
type Of = (d: number, gap: number) => number;

/** Asserts the gradients of a loss with respect to log-probs and rewards; those of the two sides are opposite. */
export async function expectRewardedGradients(f: (batch: X) => X, byChosen: Of, byReward: Of): Promise<void> {
  const slope =
    (of: Of): Slope =>
    ({ d }, i) =>
      of(d, rewards.chosen[i]! - rewards.rejected[i]!);
  const [w, r] = [along(slope(byChosen)), along(slope(byReward))];
  await expectGradients(
    (p: X, q: X, s: X, t: X, a: X, b: X) => f({ ...fromFour(p, q, s, t), rewards: { chosen: a, rejected: b } }),
    [...four, rewards.chosen, rewards.rejected],
    [w, minus(w), minus(w), w, r, minus(r)],
  );
}

/** Asserts that a loss of pairs at the ends of margins and rewards is as expected, with finite gradients, and that it leaks nothing. */
export async function expectAtEnds(f: (batch: X) => X, expected: Of): Promise<void> {
  const ends = [-1e4, 0, 1e4];
  const [d, gaps] = [ends.flatMap((x) => ends.map(() => x)), ends.flatMap(() => ends)];
  const zero = tensor(d.map(() => 0));
  const batch = {
    policy: { chosen: tensor(d), rejected: zero },
    reference: { chosen: zero, rejected: zero },
    rewards: { chosen: tensor(gaps), rejected: zero },
  };
  await expectValues(f(batch), d.map((x, i) => expected(x, gaps[i]!)), 8); // prettier-ignore
  expectNoLeak(() => f(batch));
}
