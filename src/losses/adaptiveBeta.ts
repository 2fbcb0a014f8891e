import { add, clip, detached, div, exp, maximum, minimum, mul, neg, sqrt, square, sub } from '../backend/ops.js';
import type { OrPlain, ScalarOf, Statistic } from '../backend/types.js';
import { checkFields, checkMeanAndStd, checkOnlyFields, checkScalars, checkTensor, type Checked } from '../internal/checks.js';
import { belowOne, notNegative, positive } from '../internal/domains.js';
import { meanOfRows } from '../internal/numerics.js';
import { number, optional, readOptions, type Reader } from '../internal/options.js';
import { checkMask, meanOfCounted } from '../masking/maskedReductions.js';
import { marginSums, type MarginSums } from './marginSums.js';

/** Running mean and standard deviation of the margins, both scalars in nats; see {@link marginStatistics}. */
export type MarginStatistics<S> = {
  /** Running mean (M_0 in the paper). */
  readonly mean: S;
  /** Running standard deviation. */
  readonly std: S;
};

/** Options of {@link marginStatistics}. */
export interface MarginStatisticsOptions<S> {
  /** The statistics returned for the previous batch. If omitted, as for the first batch, both start at 0. */
  readonly previous?: MarginStatistics<S>;
  /** Weight of the previous statistics, in [0, 1). Default 0.9. */
  readonly momentum?: number;
}

/**
 * Running mean and standard deviation of the margins for beta-DPO, updated with one batch:
 *
 *     mean = momentum * previous.mean + (1 - momentum) * mean(margins)
 *     std  = momentum * previous.std  + (1 - momentum) * std(margins)
 *
 * `std(margins)` is the sample standard deviation (divisor B - 1), but at least 1e-15, also for a batch of one. Both
 * statistics start at 0 without bias correction, as in the authors' code, so in the first steps they are too close to 0. A
 * batch without margins leaves them as they are.
 *
 * @param margins - `logRatioMargin` of each pair, in nats, `[B]`, or the {@link MarginSums} of all parts of a batch, added up.
 * @param options - See {@link MarginStatisticsOptions}.
 * @returns Two detached scalars on the engine; pass them as `previous` for the next batch.
 * @throws RangeError if margins is not of rank 1, a sum or a previous statistic is not a scalar, or momentum is outside [0, 1).
 *
 * @see Wu et al., "beta-DPO: Direct Preference Optimization with Dynamic beta", 2024. https://arxiv.org/abs/2407.08639
 */
export function marginStatistics<S>(margins: MarginSums<S>, options?: MarginStatisticsOptions<S | number>): MarginStatistics<S>;
export function marginStatistics<T>(margins: T, options?: MarginStatisticsOptions<Statistic<T>>): MarginStatistics<ScalarOf<T>>;
export function marginStatistics(
  margins: MarginSums<unknown> | object,
  options: MarginStatisticsOptions<unknown> = {},
): MarginStatistics<unknown> {
  const like = isSums(margins) ? checkSums('marginStatistics', margins) : checkTensor('marginStatistics', 'margins', margins, { rank: 1 });
  const { previous, momentum } = readOptions('marginStatistics', options, like, {
    previous: optional(statisticsLike<unknown>(like)),
    momentum: number(belowOne, 0.9),
  });
  return detached(like.value, () => {
    const { count, sum, deviations, squares } = isSums(margins)
      ? margins
      : marginSums<unknown>(margins, { center: meanOfRows<unknown>(margins) });
    const variance = div(sub(squares, div(square(deviations), maximum(count, 1))), maximum(sub(count, 1), 1));
    const weight = mul(minimum(count, 1), 1 - momentum);
    const mixed = (now: unknown, before: unknown): unknown => {
      const share = mul(now, weight);
      return before === undefined ? share : add(mul(before, sub(1, weight)), share);
    };
    return { mean: mixed(div(sum, maximum(count, 1)), previous?.mean), std: mixed(sqrt(maximum(variance, 1e-30)), previous?.std) };
  });
}

const isSums = (margins: unknown): margins is MarginSums<unknown> =>
  typeof margins === 'object' && margins !== null && 'squares' in margins;

const SUMS = ['count', 'sum', 'deviations', 'squares'] as const;

/** Checks sums of margins. Returns one of them, whose engine the others must match. */
function checkSums<S>(fn: string, sums: MarginSums<S>): Checked<S> {
  checkFields(fn, 'margins', sums, SUMS);
  return checkScalars(fn, Object.fromEntries(SUMS.map((name) => [`margins.${name}`, sums[name]])));
}

/**
 * Selection weights of beta-DPO: the further a pair is from the running mean, the smaller its weight.
 *
 *     weight = exp(-((margin - mean) / std)^2 / 2)
 *
 * The authors draw 80% of the batch with these weights, without replacement, and use only the drawn pairs: for
 * {@link adaptiveBeta} and for the loss.
 *
 * @param margins - `logRatioMargin` of each pair, in nats, `[B]`.
 * @param statistics - The statistics that {@link marginStatistics} returned for this batch.
 * @returns The weights `[B]`, in [0, 1], detached.
 * @throws RangeError if margins is not of rank 1 or a statistic is not a scalar.
 *
 * @see Wu et al., "beta-DPO: Direct Preference Optimization with Dynamic beta", 2024. https://arxiv.org/abs/2407.08639
 */
export function marginWeights<T>(margins: T, statistics: MarginStatistics<Statistic<T>>): T {
  const like = checkTensor('marginWeights', 'margins', margins, { rank: 1 });
  checkMeanAndStd('marginWeights', 'statistics', statistics, like);
  return detached(margins, () => {
    const deviations = div(sub(margins, statistics.mean), maximum(statistics.std, 1e-15));
    // At 1e4 deviations the weight is 0 in every dtype; the clip keeps the square from overflowing.
    return exp(mul(neg(square(clip(deviations, -1e4, 1e4))), 0.5));
  });
}

/** A batch of margins for {@link adaptiveBeta}. */
export type AdaptiveBetaBatch<T> = {
  /** `logRatioMargin` of each pair, in nats, `[B]`. */
  readonly margins: T;
  /** The statistics that {@link marginStatistics} returned for this batch. */
  readonly statistics: MarginStatistics<Statistic<NoInfer<T>>>;
  /**
   * 1 for pairs whose margins are averaged, 0 for the others, `[B]`. If omitted, all pairs are averaged; if none is selected,
   * their mean counts as 0.
   */
  readonly selected?: OrPlain<NoInfer<T>>;
};

/** The margins of a batch in parts, for {@link adaptiveBeta}. */
export type AdaptiveBetaSums<S> = {
  /** The {@link marginSums} of the selected margins of all parts, added up. */
  readonly margins: MarginSums<S>;
  /** The statistics that {@link marginStatistics} returned for this batch. */
  readonly statistics: MarginStatistics<S | number>;
  /** Not with sums, which are those of the selected margins. */
  readonly selected?: undefined;
};

/** Hyperparameters of {@link adaptiveBeta}. */
export interface AdaptiveBetaOptions {
  /** Beta of a batch whose mean margin equals the running mean, positive. Default 0.1. */
  readonly beta?: number;
  /** How strongly beta follows the mean margin, at least 0, in 1 / nats. Default 0.6, as in the authors' example. */
  readonly alpha?: number;
}

/**
 * The beta of beta-DPO for one batch: larger if the margins of the batch are larger than usual.
 *
 *     beta' = max(0.001, beta * (1 + alpha * (mean of the selected margins - statistics.mean)))
 *
 * Pass it to {@link dpo} as `beta`. It makes the loss depend on the whole batch: if the batch is split into parts, add up the
 * {@link marginSums} of the selected margins of all parts, and pass the total as `margins`.
 *
 * @param batch - See {@link AdaptiveBetaBatch}.
 * @param options - See {@link AdaptiveBetaOptions}.
 * @returns A detached scalar on the engine, at least 0.001.
 * @throws RangeError if shapes differ, an option is outside its range, or a value of `selected` is not 0 or 1. Where values
 *   cannot be read synchronously (WebGPU, WebGL), such a value makes beta NaN.
 *
 * @example
 * ```ts
 * import { adaptiveBeta, marginStatistics } from 'prefloss';
 * const margins = [3, 1, 2];
 * const statistics = marginStatistics(margins, { previous: { mean: 1, std: 2 } });
 * console.log(statistics.mean.toFixed(4), adaptiveBeta({ margins, statistics }).toFixed(4)); // 1.1000 0.1540
 * ```
 *
 * @see Wu et al., "beta-DPO: Direct Preference Optimization with Dynamic beta", 2024. https://arxiv.org/abs/2407.08639
 */
export function adaptiveBeta<S>(batch: AdaptiveBetaSums<S>, options?: AdaptiveBetaOptions): S;
export function adaptiveBeta<T>(batch: AdaptiveBetaBatch<T>, options?: AdaptiveBetaOptions): ScalarOf<T>;
export function adaptiveBeta(batch: AdaptiveBetaSums<unknown> | AdaptiveBetaBatch<unknown>, options: AdaptiveBetaOptions = {}): unknown {
  const fields = ['margins', 'statistics'];
  checkFields('adaptiveBeta', 'batch', batch, fields);
  const { margins, statistics, selected } = batch;
  checkOnlyFields('adaptiveBeta', 'batch', batch, fields, isSums(margins) ? [] : ['selected']);
  const like = isSums(margins) ? checkSums('adaptiveBeta', margins) : checkTensor('adaptiveBeta', 'margins', margins, { rank: 1 });
  checkMeanAndStd('adaptiveBeta', 'statistics', statistics, like);
  if (selected !== undefined) checkMask('adaptiveBeta', selected, like, 'selected');
  return detached(like.value, () => {
    const { beta, alpha } = readOptions('adaptiveBeta', options, like, { beta: number(positive, 0.1), alpha: number(notNegative, 0.6) });
    const average = isSums(margins)
      ? div(margins.sum, maximum(margins.count, 1))
      : selected === undefined
        ? meanOfRows(margins)
        : meanOfCounted(margins, selected);
    const factor = add(mul(sub(average, statistics.mean), alpha), 1);
    return maximum(mul(factor, beta), 1e-3);
  });
}

/** Reads statistics, which must be on the engine of the margins. */
const statisticsLike =
  <S>(like: Checked): Reader<MarginStatistics<S>> =>
  (fn, name, value) => {
    checkMeanAndStd(fn, name, value as MarginStatistics<S>, like);
    return value as MarginStatistics<S>;
  };
