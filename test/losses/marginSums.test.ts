import { describe, expect, it } from 'vitest';
import { adaptiveBeta, addStatistics, marginStatistics, marginSums, ops, type MarginSums } from '../../src/index.js';
import { epsilon, expectError, expectGradients, expectNoLeak, expectValues, read, tensor, type X } from '../support/engine.js';
import { weight } from '../support/samples.js';

const margins = [3, -1.5, 2, 7.25, 0.5];
const previous = () => ({ mean: tensor(1), std: tensor(2) });
const total = (parts: readonly X[]): MarginSums<X> => parts.reduce((a, b) => addStatistics<MarginSums<X>>(a, b));
const inParts = (values: number[], center: X): MarginSums<X> =>
  total([values.slice(0, 1), values.slice(1, 3), values.slice(3)].map((part) => marginSums<X>(tensor(part), { center })));

describe('marginSums', () => {
  it('are the count and sums of its doc comment', async () => {
    const { count, sum, deviations, squares } = marginSums<X>(tensor([1, 2, 5]), { center: 2 });
    await expectValues(count, 3);
    await expectValues(sum, 8);
    await expectValues(deviations, 2);
    await expectValues(squares, 10);
  });

  it('add up over parts to the statistics and the beta of the whole batch', async () => {
    const statistics = marginStatistics<X>(tensor(margins), { previous: previous() });
    const beta = adaptiveBeta<X>({ margins: tensor(margins), statistics });
    for (const center of [0, 1, tensor(1)]) {
      const sums = inParts(margins, center);
      const own = marginStatistics<X>(sums, { previous: previous() });
      await expectValues(own.mean, (await read(statistics.mean)) as number, 4);
      await expectValues(own.std, (await read(statistics.std)) as number, 4);
      await expectValues(adaptiveBeta<X>({ margins: sums, statistics: own }), (await read(beta)) as number, 4);
    }
  });

  it('gives an accurate deviation of margins far from 0 with a center near them', async () => {
    const far = margins.map((x) => x + 4096);
    const mean = margins.reduce((a, b) => a + b) / 5;
    const std = Math.sqrt(margins.reduce((a, x) => a + (x - mean) ** 2, 0) / 4);
    const { std: own } = marginStatistics<X>(inParts(far, 4096), { momentum: 0 });
    await expectValues(own, std, 10);
    const { std: whole } = marginStatistics<X>(tensor(far), { momentum: 0 });
    expect(Math.abs(((await read(whole)) as number) / std - 1)).toBeLessThan(1000 * epsilon);
  });

  it('of a batch without margins leave the statistics as they are', async () => {
    const sums = { count: tensor(0), sum: tensor(0), deviations: tensor(0), squares: tensor(0) };
    const { mean, std } = marginStatistics<X>(sums, { previous: previous() });
    await expectValues(mean, 1);
    await expectValues(std, 2);
    await expectValues(adaptiveBeta<X>({ margins: sums, statistics: { mean, std } }), 0.1 * (1 - 0.6));
  });

  it('are detached', async () => {
    const beside = (x: X): X => {
      const { sum, deviations, squares } = marginSums<X>(x, { center: ops.sum<X>(x) });
      return ops.add<X>(ops.sum<X>(x), ops.add<X>(sum, ops.add<X>(deviations, squares)));
    };
    await expectGradients(beside, [[1, 2, 5]], [[weight(0), weight(0), weight(0)]]);
  });

  it('leaks nothing, and names bad input', () => {
    const [x, two] = [tensor(margins), tensor([1, 2])];
    const statistics = previous();
    const sums = marginSums<X>(x);
    expectNoLeak(() => marginSums<X>(x, { center: statistics.mean }), 4);
    expectNoLeak(() => marginStatistics<X>(sums, { previous: statistics }), 2);
    expectNoLeak(() => adaptiveBeta<X>({ margins: sums, statistics }));
    const batch = { margins: sums, statistics };
    expectError(() => marginSums<X>(statistics.mean), RangeError, 'marginSums: margins has shape [], expected rank 1');
    expectError(() => marginSums<X>(x, { center: NaN }), RangeError, 'marginSums: center must be finite, got NaN');
    expectError(() => marginSums<X>(x, { center: two }), RangeError, 'marginSums: center has shape [2], expected rank 0');
    expectError(() => marginSums<X>(x, { centre: 1 } as X), RangeError, 'marginSums: unknown option centre, expected center');
    expectError(
      () => marginStatistics<X>({ squares: two } as X),
      TypeError,
      'marginStatistics: margins lacks count, expected { count, sum, deviations, squares }',
    );
    expectError(
      () => marginStatistics<X>({ ...sums, squares: two }),
      RangeError,
      'marginStatistics: margins.squares has shape [2], expected rank 0',
    );
    expectError(
      () => adaptiveBeta<X>({ ...batch, selected: two } as X),
      TypeError,
      'adaptiveBeta: batch has an unknown field selected, expected { margins, statistics }',
    );
  });
});
