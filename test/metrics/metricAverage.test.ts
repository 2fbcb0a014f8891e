import { describe, expect, it } from 'vitest';
import { MetricAverage, readMetrics, unpairedMetrics } from '../../src/index.js';
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
