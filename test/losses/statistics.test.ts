import { describe, expect, it } from 'vitest';
import {
  adaptiveBeta,
  addStatistics,
  bco,
  dpo,
  klEstimate,
  klStatistics,
  kto,
  logRatioMargin,
  marginStatistics,
  marginWeights,
  ops,
  rewardShift,
  rewardStatistics,
  robustMean,
  wpoWeights,
  type KlStatistics,
  type RewardStatistics,
} from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import {
  derivatives,
  epsilon,
  expectError,
  expectGradients,
  expectNoLeak,
  expectValues,
  flatten,
  isReadable,
  read,
  tensor,
  type X,
} from '../support/engine.js';
import { pairLogps, weight } from '../support/samples.js';

const logps = (policy: number[], reference: number[]) => ({ policy: tensor(policy), reference: tensor(reference) });
const labelled = (policy: number[], reference: number[], desirable: number[]) => ({
  ...logps(policy, reference),
  desirable: tensor(desirable),
});

/** The first rows of a batch, and the others. */
const parts = <R extends Record<string, number[]>>(rows: R, at: number): [R, R] => {
  const cut = (from: number, to?: number): R => Object.fromEntries(Object.entries(rows).map(([k, v]) => [k, v.slice(from, to)])) as R;
  return [cut(0, at), cut(at)];
};

describe('a batch in parts', () => {
  const rows = { policy: [-10, -12, -9, -20, -7], reference: [-11, -11, -10, -18, -7.5], desirable: [1, 0, 1, 0, 1] };
  const pool = { policy: [-20, -31, -8], reference: [-21, -32.5, -8.25] };

  /** Losses and gradients of all rows at once, and of the two parts one after the other. */
  async function expectEqual(loss: (batch: X) => X): Promise<void> {
    const run = async ({ policy, reference, desirable }: typeof rows) => {
      const f = (p: X): X => ops.sum<X>(loss({ policy: p, reference: tensor(reference), desirable: tensor(desirable) }));
      const { value, grads } = await derivatives(f, [policy]);
      return { value: value / weight(0), grads: flatten(grads[0] as Values).map((g) => g / weight(0)) };
    };
    const whole = await run(rows);
    const [first, second] = await Promise.all(parts(rows, 2).map(run));
    const largest = Math.max(...whole.grads.map(Math.abs));
    expectClose(first!.value + second!.value, whole.value, { relative: 4 * epsilon });
    expectClose([...first!.grads, ...second!.grads], whole.grads, { absolute: Math.max(8 * epsilon, 1e-9) * largest });
  }

  it('is the whole to kto, with the statistics of all parts', async () => {
    const [one, other] = parts(pool, 1).map((p) => klStatistics<X>(logps(p.policy, p.reference)));
    const kl = klEstimate<X>(addStatistics<X, KlStatistics<X>>(one!, other!));
    await expectValues(kl, (await read(klEstimate<X>(logps(pool.policy, pool.reference)))) as number);
    await expectEqual((batch) => kto<X>({ ...batch, kl }));
  });

  it('is the whole to bco, with the statistics of all parts', async () => {
    const all = labelled(rows.policy, rows.reference, rows.desirable);
    const [one, other] = parts(rows, 2).map((p) => rewardStatistics<X>(labelled(p.policy, p.reference, p.desirable)));
    const total = addStatistics<X, RewardStatistics<X>>(one!, other!);
    for (const over of ['examples', 'classes'] as const) {
      const delta = rewardShift<X>(total, { over });
      await expectValues(delta, (await read(rewardShift<X>(rewardStatistics<X>(all), { over }))) as number);
      await expectEqual((batch) => bco<X>(batch, { delta }));
    }
  });
});

describe('addStatistics', () => {
  it('adds field by field, and forgets what it is told to', async () => {
    const [a, b] = [{ sum: tensor(3), count: tensor(2) }, { sum: tensor(-1), count: tensor(4) }]; // prettier-ignore
    const total = addStatistics<X, KlStatistics<X>>(a, b);
    await expectValues(total.sum, 2, 4);
    await expectValues(total.count, 6, 4);
    const faded = addStatistics<X, KlStatistics<X>>(a, b, { decay: 0.5 });
    await expectValues(faded.sum, 0.5, 4);
    await expectValues(faded.count, 5, 4);
    expectNoLeak(() => addStatistics<X, KlStatistics<X>>(a, b), 2);
    expectNoLeak(() => addStatistics<X, KlStatistics<X>>(a, b, { decay: 0 }), 2);
  });

  it('names bad input', () => {
    const [a, list] = [{ sum: tensor(3), count: tensor(2) }, tensor([1])];
    expectError(() => addStatistics<X, X>(a, { sum: a.sum }), TypeError, 'addStatistics: now lacks count, expected { sum, count }');
    expectError(() => addStatistics<X, X>(a, { ...a, count: list }), RangeError, 'addStatistics: now.count has shape [1], expected rank 0');
    expectError(
      () => addStatistics<X, X>({ ...a, count: list }, a),
      RangeError,
      'addStatistics: before.count has shape [1], expected rank 0',
    );
    expectError(() => addStatistics<X, X>(a, a, { decay: 1.5 }), RangeError, 'addStatistics: decay must be in [0, 1], got 1.5');
    expectError(() => addStatistics<X, X>(null, a), TypeError, 'addStatistics: before is no record of scalars');
    expectError(
      () => addStatistics<X, X>(a, a, { momentum: 1 } as never),
      RangeError,
      'addStatistics: unknown option momentum, expected decay',
    );
  });
});

describe('rewardStatistics', () => {
  const batch = () => labelled([-10, -8, -12], [-12, -10, -10], [1, 1, 0]);
  const statistics = async (x: X): Promise<Record<string, number>> =>
    Object.fromEntries(await Promise.all(Object.entries(x).map(async ([k, v]) => [k, (await read(v)) as number])));

  it('sums and counts the rewards of both classes', async () => {
    const of = await statistics(rewardStatistics<X>(batch(), { beta: 0.5 }));
    expectClose(Object.values(of), [2, 2, -1, 1], { absolute: epsilon * 8 });
    const perExample = await statistics(rewardStatistics<X>(batch(), { beta: tensor([0.5, 1, 2]) }));
    expectClose(Object.values(perExample), [3, 2, -4, 1], { absolute: epsilon * 8 });
  });

  it('of pairs, counts each side', async () => {
    const of = await statistics(rewardStatistics<X>(pairLogps()));
    expectClose(Object.values(of), [0.1 * (1 - 1.25 + 0), 3, 0.1 * (-1 + 2.5 + 0), 3], { absolute: epsilon * 8 });
  });

  it('adds (0, 0) for a class that is absent', async () => {
    const one = labelled([-10, -8], [-12, -10], [1, 1]);
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
    expectError(() => rewardStatistics(null as never), TypeError, 'rewardStatistics: logps is null, expected { policy, reference }');
  });
});

describe('rewardShift', () => {
  const of = (desirableSum: number, desirableCount: number, undesirableSum: number, undesirableCount: number): X => ({
    desirableSum: tensor(desirableSum),
    desirableCount: tensor(desirableCount),
    undesirableSum: tensor(undesirableSum),
    undesirableCount: tensor(undesirableCount),
  });

  it('is the mean of all rewards, or of the means of the classes', async () => {
    await expectValues(rewardShift<X>(of(6, 3, -4, 1)), 0.5);
    await expectValues(rewardShift<X>(of(6, 3, -4, 1), { over: 'classes' }), -1);
  });

  it('is the mean of the one class that was seen, and 0 of none', async () => {
    for (const over of ['examples', 'classes'] as const) {
      await expectValues(rewardShift<X>(of(6, 3, 0, 0), { over }), 2);
      await expectValues(rewardShift<X>(of(0, 0, -4, 2), { over }), -2);
      await expectValues(rewardShift<X>(of(0, 0, 0, 0), { over }), 0);
    }
  });

  it('is detached', async () => {
    for (const over of ['examples', 'classes'] as const) {
      // Beside a term that is not: a function of constants alone has no gradient to ask for.
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
    const lists = { ...x, undesirableCount: tensor([1]) };
    expectError(() => rewardShift(lists), RangeError, 'rewardShift: undesirableCount has shape [1], expected rank 0');
    expectError(() => rewardShift({ desirableSum: x.desirableSum } as never), TypeError, 'rewardShift: statistics lacks desirableCount, expected { desirableSum, desirableCount, undesirableSum, undesirableCount }'); // prettier-ignore
  });
});

describe('beta-DPO', () => {
  it('begins its running values at 0', async () => {
    const { mean, std } = marginStatistics<X>(tensor([1, 3, 5]), { momentum: 0.5 });
    await expectValues(mean, 1.5, 4);
    await expectValues(std, 1, 4);
  });

  it('has no deviation in a batch of one', async () => {
    const { mean, std } = marginStatistics<X>(tensor([4]), { previous: { mean: tensor(1), std: tensor(2) } });
    await expectValues(mean, 1.3, 4);
    await expectValues(std, 1.8, 4);
  });

  it('weighs by the distance from the running mean, also where all were equal', async () => {
    const statistics = { mean: tensor(1), std: tensor(2) };
    await expectValues(marginWeights<X>(tensor([1, 3, -3]), statistics), [1, Math.exp(-0.5), Math.exp(-2)]);
    await expectValues(marginWeights<X>(tensor([1, 3]), { mean: tensor(1), std: tensor(0) }), [1, 0]);
  });

  it('follows the margins of the selected pairs, and never falls below 0.001', async () => {
    const batch = { margins: tensor([1, 3, 8]), statistics: { mean: tensor(2), std: tensor(1) } };
    await expectValues(adaptiveBeta<X>(batch), 0.1 * (1 + 0.6 * 2));
    await expectValues(adaptiveBeta<X>({ ...batch, selected: tensor([1, 1, 0]) }, { beta: 0.5, alpha: 1 }), 0.5);
    await expectValues(adaptiveBeta<X>({ ...batch, margins: tensor([-9, -9, -9]) }), 1e-3);
  });

  it('is detached', async () => {
    const beside = (p: X): X => {
      const x = pairLogps();
      const margins = logRatioMargin<X>({ ...x, policy: { ...x.policy, chosen: p } });
      const statistics = marginStatistics<X>(margins, { previous: { mean: ops.mul(ops.sum<X>(p), 0.1), std: tensor(1) } });
      const beta = adaptiveBeta<X>({ margins, statistics });
      return ops.add(ops.sum<X>(p), ops.add(beta, ops.sum<X>(marginWeights<X>(margins, statistics))));
    };
    await expectGradients(beside, [[-10, -31.5, -7.25]], [[weight(0), weight(0), weight(0)]]);
  });

  it('has detached running values, of the first batch and of the next', async () => {
    const beside = (x: X): X => ops.add(ops.sum<X>(x.margins), ops.add(x.statistics.mean, x.statistics.std));
    const first = (p: X): X => beside({ margins: p, statistics: marginStatistics<X>(p) });
    const next = (p: X): X => {
      const previous = { mean: ops.sum<X>(p), std: ops.sum<X>(p) };
      return beside({ margins: p, statistics: marginStatistics<X>(p, { previous }) });
    };
    for (const f of [first, next]) await expectGradients(f, [[1, 2, 5]], [[weight(0), weight(0), weight(0)]]);
  });

  it('gives a beta that dpo takes', async () => {
    const x = pairLogps();
    const margins = logRatioMargin<X>(x);
    const beta = adaptiveBeta<X>({ margins, statistics: marginStatistics<X>(margins) });
    const perPair = ops.broadcastTo<X>(beta, [3]);
    await expectValues(dpo<X>(x, { beta: perPair }), (await read(dpo<X>(x, { beta: (await read(beta)) as number }))) as number[], 4);
  });

  it('leaks nothing, and names bad input', () => {
    const margins = tensor([1, 2]);
    const statistics = { mean: tensor(1), std: tensor(1) };
    expectNoLeak(() => marginStatistics<X>(margins), 2);
    expectNoLeak(() => marginStatistics<X>(margins, { previous: statistics }), 2);
    expectNoLeak(() => marginWeights<X>(margins, statistics));
    expectNoLeak(() => adaptiveBeta<X>({ margins, statistics }));
    const call = (options: object) => () => marginStatistics<X>(margins, options);
    expectError(call({ momentum: 1 }), RangeError, 'marginStatistics: momentum must be in [0, 1), got 1');
    expectError(call({ previous: { mean: margins, std: margins } }), RangeError, 'marginStatistics: previous.mean has shape [2], expected rank 0'); // prettier-ignore
    expectError(() => marginWeights<X>(margins, {} as never), TypeError, 'marginWeights: statistics lacks mean, expected { mean, std }');
    expectError(() => adaptiveBeta<X>({ margins, statistics }, { alpha: -1 }), RangeError, 'adaptiveBeta: alpha must be finite and >= 0, got -1'); // prettier-ignore
    expectError(
      () => adaptiveBeta<X>({ margins, statistics }, { beta: 0 }),
      RangeError,
      'adaptiveBeta: beta must be finite and > 0, got 0',
    );
    expectError(() => adaptiveBeta<X>({ margins, statistics, selcted: margins } as never), TypeError, 'adaptiveBeta: batch has an unknown field selcted, expected { margins, statistics, selected }'); // prettier-ignore
    const one = tensor([1]);
    expectError(() => adaptiveBeta<X>({ margins, statistics, selected: one }), RangeError, 'adaptiveBeta: selected has shape [1], expected [2] like margins'); // prettier-ignore
  });
});

describe('robustMean', () => {
  it('is the loss where all are equal, and between the smallest and the mean', async () => {
    await expectValues(robustMean<X>(tensor([0.5, 0.5, 0.5])), 0.5);
    const value = (await read(robustMean<X>(tensor([0.5, 1, 6])))) as number;
    expect(value).toBeGreaterThan(0.5);
    expect(value).toBeLessThan(2.5);
    expect((await read(robustMean<X>(tensor([0.5, 1, 6]), { betaPrime: 1e3 }))) as number).toBeCloseTo(2.5, 1);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, flat] = [tensor([1, 2]), tensor(1)];
    expectNoLeak(() => robustMean<X>(x));
    expectError(() => robustMean<X>(x, { betaPrime: 0 }), RangeError, 'robustMean: betaPrime must be finite and > 0, got 0');
    expectError(() => robustMean<X>(flat), RangeError, 'robustMean: losses has shape [], expected rank 1');
  });
});

describe('wpoWeights', () => {
  const tokens = () => ({
    logps: tensor([[-0.5, -1, NaN], [-2, -3, -4]]),
    logSumSquares: tensor([[-0.25, -0.25, 0], [-1, -1, -1]]),
    mask: tensor([[1, 1, 0], [0, 0, 0]]),
  }); // prettier-ignore

  it('is the exponential of the mean over what counts, 1 of an empty row', async () => {
    await expectValues(wpoWeights<X>(tokens()), [Math.exp(-0.5), 1]);
    await expectValues(wpoWeights<X>({ chosen: tokens(), rejected: tokens() }), [Math.exp(-1), 1]);
  });

  it('cuts the weight of a pair off, not those of its sides', async () => {
    const [up, down] = [{ ...tokens(), logSumSquares: tensor([[-2, -2, 0], [0, 0, 0]]) }, tokens()]; // prettier-ignore
    await expectValues(wpoWeights<X>(up, { clamp: 1 }), [1, 1]);
    await expectValues(wpoWeights<X>({ chosen: up, rejected: down }, { clamp: 2 }), [Math.min(2, Math.exp(1.25 - 0.5)), 1]);
  });

  it('is detached, leaks nothing and names bad input', async () => {
    const beside = (p: X): X =>
      ops.add(ops.sum<X>(p), ops.sum<X>(wpoWeights<X>({ logps: p, logSumSquares: tensor([[0, 0]]), mask: tensor([[1, 1]]) })));
    await expectGradients(beside, [[[-1, -2]]], [[[weight(0), weight(0)]]]);
    const x = tokens();
    expectNoLeak(() => wpoWeights<X>(x));
    expectNoLeak(() => wpoWeights<X>({ chosen: x, rejected: x }, { clamp: 1 }));
    expectError(() => wpoWeights<X>(x, { clamp: 0 }), RangeError, 'wpoWeights: clamp must be finite and > 0, got 0');
    const one = tensor([[1, 1]]);
    expectError(() => wpoWeights<X>({ ...x, mask: one }), RangeError, 'wpoWeights: mask has shape [1, 2], expected [2, 3] like logps');
    expectError(() => wpoWeights<X>({ chosen: x, rejected: { ...x, logps: one } }), RangeError, 'wpoWeights: rejected.logps has shape [1, 2], expected [2, 3] like chosen.logps'); // prettier-ignore
    expectError(() => wpoWeights<X>({ chosen: x, rejected: { ...x, mask: one } }), RangeError, 'wpoWeights: rejected.mask has shape [1, 2], expected [2, 3] like rejected.logps'); // prettier-ignore
    expectError(() => wpoWeights<X>({ chosen: x } as never), TypeError, 'wpoWeights: tokens lacks rejected, expected { chosen, rejected }');
    expectError(() => wpoWeights<X>(undefined as never), TypeError, 'wpoWeights: tokens is undefined, expected { logps, logSumSquares, mask }'); // prettier-ignore
  });

  it.runIf(isReadable)('names a mask of something else', () => {
    const x = { ...tokens(), mask: tensor([[1, 2, 0], [1, 1, 1]]) }; // prettier-ignore
    expectError(() => wpoWeights<X>(x), RangeError, 'wpoWeights: value 1 of mask must be 0 or 1, got 2');
  });
});
