import { checkNumber } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { addsUp, divideSums, readScalars } from './readMetrics.js';

/**
 * Averages metrics over steps, over the parts of an accumulated batch, or over a validation set.
 *
 * Means are weighted by batch size. Sums and counts (`..._sum`, `count/...`) are added up and divided at the end. So the result
 * over parts of unequal size equals that of the whole batch.
 *
 * @example
 * ```ts
 * import { MetricAverage } from 'prefloss';
 * const average = new MetricAverage();
 * await average.add({ loss: 1 }, 3);
 * await average.add({ loss: 2 }, 1);
 * console.log(average.result().loss); // 1.25
 * ```
 */
export class MetricAverage {
  readonly #totals = new Map<string, { value: number; weight: number }>();

  /**
   * Adds the metrics of one batch, read back with one transfer.
   *
   * @param metrics - Scalars of one engine, or plain numbers, by name.
   * @param batchSize - Number of examples in the batch, which weights its means; above 0.
   * @throws RangeError if a value is not a scalar or the batch size is not positive.
   */
  async add(metrics: Readonly<Record<string, unknown>>, batchSize: number): Promise<void> {
    checkNumber('MetricAverage.add', 'batchSize', batchSize, positive);
    for (const [name, value] of Object.entries(await readScalars('MetricAverage.add', metrics))) {
      const total = this.#totals.get(name) ?? { value: 0, weight: 0 };
      total.value += addsUp(name) ? value : value * batchSize;
      total.weight += batchSize;
      this.#totals.set(name, total);
    }
  }

  /** Returns the averages so far, by name; a class without examples is left out. Empty if nothing was added. */
  result(): Record<string, number> {
    const means = [...this.#totals].map(([name, { value, weight }]) => [name, addsUp(name) ? value : value / weight] as const);
    return divideSums(Object.fromEntries(means));
  }

  /** Resets the averages, for the next interval. */
  reset(): void {
    this.#totals.clear();
  }
}
