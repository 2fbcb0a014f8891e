import { describe, it } from 'vitest';
import { adaptiveBeta, dpo, logRatioMargin, marginStatistics, marginWeights, ops } from '../../src/index.js';
import { expectError, expectGradients, expectNoLeak, expectValues, read, tensor, type X } from '../support/engine.js';
import { pairLogps, weight } from '../support/samples.js';

describe('adaptiveBeta', () => {
  it('starts the running statistics at 0', async () => {
    const { mean, std } = marginStatistics<X>(tensor([1, 3, 5]), { momentum: 0.5 });
    await expectValues(mean, 1.5, 4);
    await expectValues(std, 1, 4);
  });

  it('has a standard deviation of 0 for a batch of one', async () => {
    const { mean, std } = marginStatistics<X>(tensor([4]), { previous: { mean: tensor(1), std: tensor(2) } });
    await expectValues(mean, 1.3, 4);
    await expectValues(std, 1.8, 4);
  });

  it('weights pairs by their distance from the running mean, even if the standard deviation is 0', async () => {
    const statistics = { mean: tensor(1), std: tensor(2) };
    await expectValues(marginWeights<X>(tensor([1, 3, -3]), statistics), [1, Math.exp(-0.5), Math.exp(-2)]);
    await expectValues(marginWeights<X>(tensor([1, 3]), { mean: tensor(1), std: tensor(0) }), [1, 0]);
  });

  it('follows the mean margin of the selected pairs, and is at least 0.001', async () => {
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

  it('has detached running statistics, for the first batch and the next', async () => {
    const beside = (x: X): X => ops.add(ops.sum<X>(x.margins), ops.add(x.statistics.mean, x.statistics.std));
    const first = (p: X): X => beside({ margins: p, statistics: marginStatistics<X>(p) });
    const next = (p: X): X => {
      const previous = { mean: ops.sum<X>(p), std: ops.sum<X>(p) };
      return beside({ margins: p, statistics: marginStatistics<X>(p, { previous }) });
    };
    for (const f of [first, next]) await expectGradients(f, [[1, 2, 5]], [[weight(0), weight(0), weight(0)]]);
  });

  it('returns a beta that dpo accepts', async () => {
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

  it('names arguments that are missing or have the wrong shape, and unknown options', () => {
    const none = 'is not a tensor: no registered engine owns null';
    const [flat, rows, zero, one, x]: X[] = [tensor([-1, -2]), tensor([[-1, -2], [-3, -4]]), tensor(0), tensor(1), { x: 1 }]; // prettier-ignore
    const statistics = { mean: zero, std: one };
    expectError(() => adaptiveBeta<X>({} as X), TypeError, 'adaptiveBeta: batch lacks margins, expected { margins, statistics }');
    expectError(() => adaptiveBeta<X>({ margins: null, statistics: {} } as X), TypeError, `adaptiveBeta: margins ${none}`);
    expectError(() => adaptiveBeta<X>({ margins: flat, statistics: { mean: zero } } as X), TypeError, 'adaptiveBeta: statistics lacks std, expected { mean, std }'); // prettier-ignore
    expectError(
      () => adaptiveBeta<X>({ margins: flat, statistics: { mean: zero, std: null } }),
      TypeError,
      `adaptiveBeta: statistics.std ${none}`,
    );
    expectError(() => marginStatistics<X>(null), TypeError, `marginStatistics: margins ${none}`);
    expectError(
      () => marginStatistics<X>(flat, { previous: {} } as X),
      TypeError,
      'marginStatistics: previous lacks mean, expected { mean, std }',
    );
    expectError(() => marginWeights<X>(null, {} as X), TypeError, `marginWeights: margins ${none}`);
    expectError(() => marginWeights<X>(flat, {} as X), TypeError, 'marginWeights: statistics lacks mean, expected { mean, std }');
    expectError(
      () => adaptiveBeta<X>({ margins: rows, statistics }),
      RangeError,
      'adaptiveBeta: margins has shape [2, 2], expected rank 1',
    );
    expectError(() => adaptiveBeta<X>({ margins: flat, statistics: { mean: zero, std: flat } }), RangeError, 'adaptiveBeta: statistics.std has shape [2], expected rank 0'); // prettier-ignore
    expectError(() => marginStatistics<X>(rows), RangeError, 'marginStatistics: margins has shape [2, 2], expected rank 1');
    expectError(() => marginWeights<X>(rows, statistics), RangeError, 'marginWeights: margins has shape [2, 2], expected rank 1');
    expectError(() => marginStatistics<X>(flat, x), RangeError, 'marginStatistics: unknown option x, expected previous, momentum');
    expectError(
      () => adaptiveBeta<X>({ margins: flat, statistics }, x),
      RangeError,
      'adaptiveBeta: unknown option x, expected beta, alpha',
    );
  });
});
