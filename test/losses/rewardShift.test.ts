import { describe, it } from 'vitest';
import { ops, rewardShift, rewardStatistics } from '../../src/index.js';
import { expectClose } from '../../src/testing/index.js';
import { epsilon, expectError, expectGradients, expectNoLeak, expectValues, read, tensor, type X } from '../support/engine.js';
import { labelledLogps, pairLogps, weight } from '../support/samples.js';

describe('rewardStatistics', () => {
  const batch = () => labelledLogps([-10, -8, -12], [-12, -10, -10], [1, 1, 0]);
  const statistics = async (x: X): Promise<Record<string, number>> =>
    Object.fromEntries(await Promise.all(Object.entries(x).map(async ([k, v]) => [k, (await read(v)) as number])));

  it('sums and counts the rewards of both classes', async () => {
    const of = await statistics(rewardStatistics<X>(batch(), { beta: 0.5 }));
    expectClose(Object.values(of), [2, 2, -1, 1], { absolute: epsilon * 8 });
    const perExample = await statistics(rewardStatistics<X>(batch(), { beta: tensor([0.5, 1, 2]) }));
    expectClose(Object.values(perExample), [3, 2, -4, 1], { absolute: epsilon * 8 });
  });

  it('sums and counts both sides of pairs', async () => {
    const of = await statistics(rewardStatistics<X>(pairLogps()));
    expectClose(Object.values(of), [0.1 * (1 - 1.25 + 0), 3, 0.1 * (-1 + 2.5 + 0), 3], { absolute: epsilon * 8 });
  });

  it('adds (0, 0) for a class that is absent', async () => {
    const one = labelledLogps([-10, -8], [-12, -10], [1, 1]);
    expectClose(Object.values(await statistics(rewardStatistics<X>(one))), [0.4, 2, 0, 0], { absolute: epsilon * 8 });
  });

  it('is detached, leaks nothing and names bad input', async () => {
    const beside = (p: X): X => ops.add(ops.sum<X>(p), rewardStatistics<X>({ ...batch(), policy: p }).desirableSum);
    const weights = [weight(0), weight(0), weight(0)];
    await expectGradients(beside, [[-10, -8, -12]], [weights]);
    const besidePairs = (chosen: X): X => {
      const { policy, reference } = pairLogps();
      return ops.add(ops.sum<X>(chosen), rewardStatistics<X>({ policy: { ...policy, chosen }, reference }).desirableSum);
    };
    await expectGradients(besidePairs, [[-10, -31.5, -7.25]], [weights]);
    const [x, y] = [batch(), pairLogps()];
    expectNoLeak(() => rewardStatistics(x), 4);
    expectNoLeak(() => rewardStatistics(y), 4);
    expectError(() => rewardStatistics(x, { beta: 0 }), RangeError, 'rewardStatistics: beta must be finite and > 0, got 0');
    expectError(() => rewardStatistics(y, { beta: -1 }), RangeError, 'rewardStatistics: beta must be finite and > 0, got -1');
    expectError(
      () => rewardStatistics(null as never),
      TypeError,
      'rewardStatistics: logps is null, expected { policy: { chosen, rejected }, reference: { chosen, rejected } }',
    );
  });

  it('names arguments of the wrong shape, and missing ones', () => {
    const none = 'is not a tensor: no registered engine owns null';
    const [x, flat, single, classes] = [pairLogps(), tensor([-1, -2]), tensor([1]), tensor([1, 0])];
    expectError(
      () => rewardStatistics<X>({ policy: null, reference: flat, desirable: flat }),
      TypeError,
      `rewardStatistics: policy ${none}`,
    );
    expectError(
      () => rewardStatistics<X>(x, { beta: flat }),
      RangeError,
      'rewardStatistics: beta has shape [2], expected [3] like policy.chosen',
    );
    expectError(() => rewardStatistics<X>({ policy: flat, reference: flat, desirable: classes }, { beta: single }), RangeError, 'rewardStatistics: beta has shape [1], expected [2] like policy'); // prettier-ignore
    expectError(() => rewardStatistics<X>(x, { x: 1 } as X), RangeError, 'rewardStatistics: unknown option x, expected beta');
  });
});

describe('rewardShift', () => {
  const of = (desirableSum: number, desirableCount: number, undesirableSum: number, undesirableCount: number): X => ({
    desirableSum: tensor(desirableSum),
    desirableCount: tensor(desirableCount),
    undesirableSum: tensor(undesirableSum),
    undesirableCount: tensor(undesirableCount),
  });

  it('is the mean of all rewards, or the mean of the means of the classes', async () => {
    await expectValues(rewardShift<X>(of(6, 3, -4, 1)), 0.5);
    await expectValues(rewardShift<X>(of(6, 3, -4, 1), { over: 'classes' }), -1);
  });

  it('is the mean of the only class present, and 0 without examples', async () => {
    for (const over of ['examples', 'classes'] as const) {
      await expectValues(rewardShift<X>(of(6, 3, 0, 0), { over }), 2);
      await expectValues(rewardShift<X>(of(0, 0, -4, 2), { over }), -2);
      await expectValues(rewardShift<X>(of(0, 0, 0, 0), { over }), 0);
    }
  });

  it('is detached', async () => {
    for (const over of ['examples', 'classes'] as const) {
      // Added to a term with a gradient: engines refuse to differentiate a function of constants alone.
      const beside = (x: X): X => ops.add(x, rewardShift<X>({ ...of(6, 3, -4, 1), desirableSum: x }, { over }));
      await expectGradients(beside, [6], [weight(0)]);
    }
  });

  it('leaks nothing, and names bad input', () => {
    const x = of(1, 1, 1, 1);
    expectNoLeak(() => rewardShift(x));
    expectNoLeak(() => rewardShift(x, { over: 'classes' }));
    expectError(
      () => rewardShift(x, { over: 'batch' as never }),
      RangeError,
      'rewardShift: over must be one of "examples", "classes", got "batch"',
    );
    expectError(() => rewardShift<X>(x, { x: 1 } as X), RangeError, 'rewardShift: unknown option x, expected over');
    const lists = { ...x, undesirableCount: tensor([1]) };
    expectError(() => rewardShift(lists), RangeError, 'rewardShift: undesirableCount has shape [1], expected rank 0');
    expectError(() => rewardShift({ desirableSum: x.desirableSum } as never), TypeError, 'rewardShift: statistics lacks desirableCount, expected { desirableSum, desirableCount, undesirableSum, undesirableCount }'); // prettier-ignore
  });
});
