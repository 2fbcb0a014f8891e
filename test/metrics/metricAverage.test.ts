import { describe, expect, it } from 'vitest';
import { MetricAverage, readMetrics, unpairedMetrics, type MetricTotals } from '../../src/index.js';
import { tensor, type X } from '../support/engine.js';
import { expectMetrics } from '../support/metrics.js';

describe('MetricAverage', () => {
  it('weights means by batch size', async () => {
    const average = new MetricAverage();
    expect(average.result()).toEqual({});
    await average.add({ loss: tensor(1) }, 3);
    await average.add({ loss: tensor(2), extra: 5 }, 1);
    expect(average.result()).toEqual({ loss: 1.25, extra: 5 });
    average.reset();
    expect(average.result()).toEqual({});
  });

  it('over unequal parts equals the metrics of the whole batch, also if a part lacks a class', async () => {
    const policy = [-1, -2, -4, -8, -16];
    const reference = [-2, -2, -2, -2, -2];
    const desirable = [1, 1, 0, 1, 0];
    const part = (from: number, to: number) =>
      unpairedMetrics<X>({
        policy: tensor(policy.slice(from, to)),
        reference: tensor(reference.slice(from, to)),
        desirable: tensor(desirable.slice(from, to)),
      });
    const average = new MetricAverage();
    await average.add(part(0, 2), 2);
    await average.add(part(2, 5), 3);
    expectMetrics(average.result(), await readMetrics(part(0, 5)));
  });

  it('adds up over workers, and continues from JSON', async () => {
    const parts = [{ loss: 1, 'rewards/chosen_sum': 3, 'count/chosen': 2 }, { loss: 4, 'rewards/chosen_sum': 1, 'count/chosen': 1 }, { loss: 7 }]; // prettier-ignore
    const [whole, first, second] = [new MetricAverage(), new MetricAverage(), new MetricAverage()];
    for (const [i, part] of parts.entries()) {
      await whole.add(part, i + 1);
      await (i === 1 ? second : first).add(part, i + 1);
    }
    expect(first.totals()).toEqual({
      loss: { value: 22, weight: 4 },
      'rewards/chosen_sum': { value: 3, weight: 1 },
      'count/chosen': { value: 2, weight: 1 },
    });
    const resumed = new MetricAverage();
    for (const worker of [first, second]) resumed.addTotals(JSON.parse(JSON.stringify(worker.totals())) as MetricTotals);
    expect(resumed.result()).toEqual(whole.result());
    expect(resumed.totals()).toEqual(whole.totals());
    // The totals are a copy.
    const kept = resumed.totals();
    await resumed.add({ loss: 1 }, 1);
    expect(kept).toEqual(whole.totals());
  });

  it('names bad totals, and then adds nothing', () => {
    const average = new MetricAverage();
    const good = { value: 1, weight: 1 };
    expect(JSON.stringify({ value: NaN })).toBe('{"value":null}');
    for (const [totals, kind, message] of [
      [undefined, TypeError, 'totals is undefined, expected a record of { value, weight }'],
      [{ good, loss: 1 }, TypeError, "totals['loss'] is a number, expected { value, weight }"],
      [{ good, loss: { value: null, weight: 1 } }, TypeError, "totals['loss'].value is null, expected a number"],
      [{ good, loss: { value: 1, weight: 0 } }, RangeError, "totals['loss'].weight must be finite and > 0, got 0"],
    ] as const) {
      expect(() => {
        average.addTotals(totals as never);
      }).toThrow(new kind(`MetricAverage.addTotals: ${message}`));
    }
    expect(average.totals()).toEqual({});
  });

  it('names bad input', async () => {
    const average = new MetricAverage();
    for (const size of [0, -1, NaN]) {
      await expect(average.add({ loss: 1 }, size)).rejects.toThrow(
        new RangeError(`MetricAverage.add: batchSize must be finite and > 0, got ${size}`),
      );
    }
    await expect(average.add({ loss: tensor([1]) }, 1)).rejects.toThrow(
      new RangeError('MetricAverage.add: loss has shape [1], expected rank 0'),
    );
    expect(average.result()).toEqual({});
  });
});
