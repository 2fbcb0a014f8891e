import { describe } from '../backend/describe.js';
import { checkChoice, checkFields, checkNumber, checkOptions } from '../internal/checks.js';
import { finite, notNegative, positiveInteger, wholeNumber } from '../internal/domains.js';

/** What {@link earlyStopping} remembers of the evaluations so far: plain JSON, to be saved with a checkpoint. */
export interface EarlyStoppingState {
  /** The best value so far; undefined if no value was finite. */
  readonly best?: number | undefined;
  /** Number of evaluations since the best one. */
  readonly wait: number;
}

/** Result of {@link earlyStopping}; it is the `previous` of the next evaluation. */
export interface EarlyStopping extends EarlyStoppingState {
  /** Whether this evaluation is the best so far: save the checkpoint. */
  readonly improved: boolean;
  /** Whether `patience` is used up. */
  readonly shouldStop: boolean;
}

/** Options of {@link earlyStopping}. */
export interface EarlyStoppingOptions {
  /** Name of the metric to follow, such as `loss` or `rewards/accuracies`. */
  readonly metric: string;
  /** Whether the metric is better if it is smaller, `min`, or larger, `max`. */
  readonly mode: 'min' | 'max';
  /** Number of evaluations without an improvement after which to stop, an integer, 1 or more. If omitted, it never says to stop. */
  readonly patience?: number | undefined;
  /** What an improvement must exceed, 0 or more. Default 0. */
  readonly minDelta?: number;
  /** The result for the previous evaluation, or its {@link EarlyStoppingState} from a checkpoint. Omitted for the first evaluation. */
  readonly previous?: EarlyStoppingState | undefined;
}

/**
 * Follows one metric over the evaluations of a run: whether this is the best so far, and whether to stop.
 *
 *     gain = previous.best - value    with mode 'min'
 *          = value - previous.best    with mode 'max'
 *     best = value if improved, otherwise previous.best
 *     wait = 0     if improved, otherwise previous.wait + 1
 *
 * It has `improved` if the gain exceeds `minDelta`, and `shouldStop` once `wait` reaches `patience`. The first finite value improves. A
 * value that is NaN or infinite never does, so a run that diverges stops after `patience` evaluations. Use metrics of held-out data.
 *
 * @param metrics - Numbers by name, as `readMetrics` and `MetricAverage.result` return them.
 * @param options - See {@link EarlyStoppingOptions}.
 * @returns See {@link EarlyStopping}.
 * @throws TypeError if the metric is not a number, such as a tensor, or an option has the wrong type.
 * @throws RangeError if there is no such metric (the message names those that there are), or an option is unknown or outside its range.
 *
 * @example
 * ```ts
 * import { earlyStopping, type EarlyStopping } from 'prefloss';
 * let state: EarlyStopping | undefined;
 * for (const loss of [0.69, 0.5, 0.52, NaN]) {
 *   state = earlyStopping({ loss }, { metric: 'loss', mode: 'min', patience: 2, previous: state });
 *   // If state.improved, save the checkpoint; if state.shouldStop, leave the loop.
 * }
 * console.log(state!.best, state!.wait, state!.shouldStop); // 0.5 2 true
 * ```
 *
 * @see Prechelt, "Early Stopping - But When?", 1998. https://doi.org/10.1007/3-540-49430-8_3
 */
export function earlyStopping(metrics: Readonly<Record<string, number>>, options: EarlyStoppingOptions): EarlyStopping {
  const fn = 'earlyStopping';
  checkOptions(fn, options, ['metric', 'mode', 'patience', 'minDelta', 'previous']);
  const { metric, mode, patience, minDelta = 0, previous } = options;
  checkChoice(fn, 'mode', mode, ['min', 'max']);
  if (patience !== undefined) checkNumber(fn, 'patience', patience, positiveInteger);
  checkNumber(fn, 'minDelta', minDelta, notNegative);
  if (previous !== undefined) checkState(fn, previous);
  const value = valueOf(fn, metrics, metric);
  const best = previous?.best;
  const gain = best === undefined ? Infinity : mode === 'min' ? best - value : value - best;
  const improved = Number.isFinite(value) && gain > minDelta;
  const wait = improved ? 0 : (previous?.wait ?? 0) + 1;
  return { best: improved ? value : best, wait, improved, shouldStop: patience !== undefined && wait >= patience };
}

function checkState(fn: string, previous: EarlyStoppingState): void {
  checkFields(fn, 'previous', previous, ['wait']);
  checkNumber(fn, 'previous.wait', previous.wait, wholeNumber);
  if (previous.best !== undefined) checkNumber(fn, 'previous.best', previous.best, finite);
}

function valueOf(fn: string, metrics: Readonly<Record<string, number>>, metric: unknown): number {
  if (typeof metric !== 'string') throw new TypeError(`${fn}: metric is ${describe(metric)}, expected the name of a metric`);
  checkFields(fn, 'metrics', metrics, [], 'any', 'a record of numbers');
  if (!Object.hasOwn(metrics, metric)) {
    const names = Object.keys(metrics);
    throw new RangeError(`${fn}: metrics has no ${metric}, ${names.length > 0 ? `only ${names.join(', ')}` : 'and no other'}`);
  }
  const value: unknown = metrics[metric];
  if (typeof value === 'number') return value;
  throw new TypeError(`${fn}: metrics['${metric}'] is ${describe(value)}, expected a number, as readMetrics returns it`);
}
