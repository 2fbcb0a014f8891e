import { describe } from '../backend/describe.js';
import { checkFields, checkNumber } from '../internal/checks.js';
import { notNegative, positive } from '../internal/domains.js';
import { addsUp, divideSums, readScalars } from './readMetrics.js';

/** Totals of a {@link MetricAverage} by metric: plain JSON. */
export type MetricTotals = Readonly<
  Record<
    string,
    {
      /** Sum of the values, in which those of means are multiplied by their batch size. */
      readonly value: number;
      /** Sum of the batch sizes. */
      readonly weight: number;
    }
  >
>;

/**
 * Averages metrics over steps, over the parts of an accumulated batch, or over a validation set.
 *
 * Means are weighted by batch size. Sums and counts (`..._sum`, `count/...`) are added up and divided at the end. So the result
 * over parts of unequal size equals that of the whole batch. Several workers, or the runs before and after an interruption, add up the
 * same way: through {@link MetricAverage.totals} and {@link MetricAverage.addTotals}.
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
   * @param batchSize - Number of examples in the batch, which weights its means; a batch of 0, an empty part, adds nothing.
   * @throws RangeError if a value is not a scalar or the batch size is not finite and at least 0.
   */
  async add(metrics: Readonly<Record<string, unknown>>, batchSize: number): Promise<void> {
    checkNumber('MetricAverage.add', 'batchSize', batchSize, notNegative);
    const values = await readScalars('MetricAverage.add', metrics);
    if (batchSize === 0) return;
    for (const [name, value] of Object.entries(values)) {
      this.#addTotal(name, addsUp(name) ? value : value * batchSize, batchSize);
    }
  }

  /** Returns a copy of the totals so far, to store them or send them to another worker; JSON keeps every finite number exactly. */
  totals(): MetricTotals {
    return Object.fromEntries([...this.#totals].map(([name, total]) => [name, { ...total }]));
  }

  /**
   * Adds the totals of another worker, or those of a run that is resumed: {@link MetricAverage.result} is then that of all their batches.
   *
   * @param totals - The result of {@link MetricAverage.totals}.
   * @throws TypeError if a total is not a number. JSON has no NaN, so a metric that was not finite comes back as null.
   * @throws RangeError if a weight is not positive.
   */
  addTotals(totals: MetricTotals): void {
    const fn = 'MetricAverage.addTotals';
    if (typeof totals !== 'object' || (totals as MetricTotals | null) === null) {
      throw new TypeError(`${fn}: totals is ${describe(totals)}, expected a record of { value, weight }`);
    }
    for (const [name, total] of Object.entries(totals)) {
      checkFields(fn, `totals['${name}']`, total, ['value', 'weight']);
      const value: unknown = total.value;
      if (typeof value !== 'number') throw new TypeError(`${fn}: totals['${name}'].value is ${describe(value)}, expected a number`);
      checkNumber(fn, `totals['${name}'].weight`, total.weight, positive);
    }
    for (const [name, { value, weight }] of Object.entries(totals)) this.#addTotal(name, value, weight);
  }

  #addTotal(name: string, value: number, weight: number): void {
    const total = this.#totals.get(name) ?? { value: 0, weight: 0 };
    this.#totals.set(name, { value: total.value + value, weight: total.weight + weight });
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
