import { describe, it } from 'vitest';
import { rebel } from '../../src/index.js';
import { itCosts } from '../support/costs.js';
import { expectError, expectValues, type X } from '../support/engine.js';
import { expectSame } from '../support/expectSame.js';
import { expectAtEnds, expectRewardedGradients, rewardedPairs } from '../support/rewardedPairs.js';
import { pairLogps, swapped, swappedSample } from '../support/samples.js';

describe('rebel', () => {
  itCosts('rebel', 7);

  it('is the squared distance of the margin from the gap of the rewards', async () => {
    await expectValues(rebel<X>(rewardedPairs()), [1, 9, 0]);
    await expectValues(rebel<X>(rewardedPairs(), { eta: 2 }), [0, 5.0625, 0]);
  });

  it('is the same with the sides swapped', async () => {
    const batch = rewardedPairs();
    await expectSame(rebel<X>({ ...pairLogps(swappedSample), rewards: swapped(batch.rewards) }), rebel<X>(batch));
  });

  it('has the gradient of its doc comment, also with respect to the rewards', async () => {
    const eta = 0.5;
    await expectRewardedGradients(
      (x) => rebel<X>(x, { eta }),
      (d, gap) => 2 * (d - eta * gap),
      (d, gap) => -2 * eta * (d - eta * gap),
    );
  });

  it('is right at the ends of margins and rewards', async () => {
    await expectAtEnds((x) => rebel<X>(x), (d, gap) => (d - gap) ** 2); // prettier-ignore
  });

  it('names bad options', () => {
    const x = rewardedPairs();
    expectError(() => rebel<X>(x, { eta: 0 }), RangeError, 'rebel: eta must be finite and > 0, got 0');
    expectError(() => rebel<X>(x, { beta: 0.1 } as never), RangeError, 'rebel: unknown option beta, expected eta');
  });
});
