import { backendOf } from '../backend/registry.js';
import { checkTensor } from '../internal/checks.js';

const SUM = '_sum';
const COUNT = 'count/';

/** Whether a metric with this name is summed over batches instead of averaged. */
export const addsUp = (name: string): boolean => name.endsWith(SUM) || name.startsWith(COUNT);

/** Reads a record of scalars back with one transfer; plain numbers are returned as they are. */
export async function readScalars(fn: string, metrics: Readonly<Record<string, unknown>>): Promise<Record<string, number>> {
  const names = Object.keys(metrics);
  for (const name of names) checkTensor(fn, name, metrics[name], { rank: 0, dtype: ['float', 'int', 'bool'] });
  const onEngine = names.filter((name) => typeof metrics[name] !== 'number');
  const tensors = onEngine.map((name) => metrics[name]);
  const values = tensors.length === 0 ? [] : await readAll(fn, tensors);
  const read = new Map(onEngine.map((name, i) => [name, values[i]![0]!]));
  return Object.fromEntries(names.map((name) => [name, read.get(name) ?? (metrics[name] as number)]));
}

/** The values of tensors of one engine; an engine's error, as about tensors that have no values yet, is one of the function. */
async function readAll(fn: string, tensors: readonly unknown[]): Promise<ArrayLike<number>[]> {
  try {
    return await backendOf(...tensors).read(tensors);
  } catch (error) {
    throw error instanceof TypeError ? new TypeError(`${fn}: ${error.message}`, { cause: error }) : error;
  }
}

/** Divides sums by the count of their class, leaves out a class without examples, and adds the reward margin. */
export function divideSums(metrics: Readonly<Record<string, number>>): Record<string, number> {
  const result: Record<string, number> = {};
  for (const [name, value] of Object.entries(metrics)) {
    if (!addsUp(name)) {
      result[name] = value;
    } else if (name.endsWith(SUM)) {
      const mean = name.slice(0, -SUM.length);
      const count = metrics[COUNT + mean.slice(mean.indexOf('/') + 1)];
      if (count === undefined) result[name] = value;
      else if (count !== 0) result[mean] = value / count;
    } else if (value !== 0) {
      result[name] = value;
    }
  }
  const { 'rewards/chosen': chosen, 'rewards/rejected': rejected } = result;
  if (chosen !== undefined && rejected !== undefined) result['rewards/margins'] ??= chosen - rejected;
  return result;
}

/**
 * Reads a record of metrics back from the engine with one transfer.
 *
 * Sums per class, such as the `rewards/chosen_sum` of `unpairedMetrics`, are divided by their count (`count/chosen`) and lose the
 * suffix. A class without examples is left out instead of being NaN; a sum without a count is returned as it is.
 * `rewards/margins` is added if `rewards/chosen` and `rewards/rejected` are present.
 *
 * @param metrics - Scalars of one engine, or plain numbers, by name.
 * @returns Plain numbers by name, for any logger.
 * @throws RangeError if a value is not a scalar.
 *
 * @example
 * ```ts
 * import { readMetrics } from 'prefloss';
 * const metrics = await readMetrics({ 'rewards/chosen_sum': 3, 'count/chosen': 2, 'rewards/rejected_sum': 0, 'count/rejected': 0 });
 * console.log(JSON.stringify(metrics)); // {"rewards/chosen":1.5,"count/chosen":2}
 * ```
 */
export async function readMetrics(metrics: Readonly<Record<string, unknown>>): Promise<Record<string, number>> {
  return divideSums(await readScalars('readMetrics', metrics));
}
