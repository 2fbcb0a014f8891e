import { add, clip, div, exp, log, maximum, mean, mul, neg, scope, square, stopGradient, sub, sum } from '../backend/ops.js';
import type { ScalarOf } from '../backend/types.js';
import { checkFields, checkNoOtherFields, checkTensor, type Checked } from '../internal/checks.js';
import { belowOne, notNegative, positive } from '../internal/domains.js';
import { number, optional, readOptions, type Reader } from '../internal/options.js';
import { checkMask, meanOfCounted } from '../masking/maskedReductions.js';

/** Running mean and standard deviation of the margins, both scalars in nats; see {@link marginStatistics}. */
export interface MarginStatistics<S> {
  /** Running mean (M_0 in the paper). */
  readonly mean: S;
  /** Running standard deviation. */
  readonly std: S;
}

/** Options of {@link marginStatistics}. */
export interface MarginStatisticsOptions<S> {
  /** What the batches before gave. Left out for the first batch: both begin at 0. */
  readonly previous?: MarginStatistics<S>;
  /** Weight of what was before, in [0, 1). Default 0.9. */
  readonly momentum?: number;
}

/**
 * The running mean and standard deviation of beta-DPO, with the margins of one more batch:
 *
 *     mean = momentum * previous.mean + (1 - momentum) * mean(margins)
 *     std  = momentum * previous.std  + (1 - momentum) * std(margins)
 *
 * The standard deviation is that of a sample (divided by B - 1), 0 for a batch of one. Both begin at 0, as in the authors'
 * code, so that they are small in the first steps.
 *
 * @param margins - `logRatioMargin` of each pair, in nats, `[B]`.
 * @param options - See {@link MarginStatisticsOptions}.
 * @returns Two detached scalars on the engine; keep them for the next batch.
 * @throws RangeError if margins is not of rank 1 or momentum outside [0, 1).
 *
 * @see Wu et al., "beta-DPO: Direct Preference Optimization with Dynamic beta", 2024. https://arxiv.org/abs/2407.08639
 */
export function marginStatistics<T>(margins: T, options: MarginStatisticsOptions<ScalarOf<T>> = {}): MarginStatistics<ScalarOf<T>> {
  const like = checkTensor('marginStatistics', 'margins', margins, { rank: 1 });
  const { previous, momentum } = readOptions('marginStatistics', options, like, {
    previous: optional(statisticsLike<ScalarOf<T>>(like)),
    momentum: number(belowOne, 0.9),
  });
  return scope(margins, () => {
    const center = mean(margins);
    const variance = div(sum(square(sub(margins, center))), Math.max(like.shape[0]! - 1, 1));
    const mixed = (before: ScalarOf<T> | undefined, now: ScalarOf<T>): ScalarOf<T> => {
      const share = mul(now, 1 - momentum);
      return stopGradient(before === undefined ? share : add(mul(before, momentum), share));
    };
    return { mean: mixed(previous?.mean, center), std: mixed(previous?.std, squareRoot(variance)) };
  });
}

/** `sqrt(x)` for x from 0 on; 1e-15 at 0. */
const squareRoot = <S>(x: S): S => exp(mul(log(maximum(x, 1e-30)), 0.5));

/**
 * The weights by which beta-DPO selects pairs: those far from the running mean are likely left out.
 *
 *     weight = exp(-((margin - mean) / std)^2 / 2)
 *
 * The authors draw 80 % of the batch by these weights, without replacement, and take {@link adaptiveBeta} of the drawn.
 *
 * @param margins - `logRatioMargin` of each pair, in nats, `[B]`.
 * @param statistics - What {@link marginStatistics} gave for this batch.
 * @returns The weights `[B]`, in [0, 1], detached.
 * @throws RangeError if margins is not of rank 1 or a statistic is not a scalar.
 *
 * @see Wu et al., "beta-DPO: Direct Preference Optimization with Dynamic beta", 2024. https://arxiv.org/abs/2407.08639
 */
export function marginWeights<T>(margins: T, statistics: MarginStatistics<ScalarOf<T>>): T {
  const like = checkTensor('marginWeights', 'margins', margins, { rank: 1 });
  checkStatistics('marginWeights', 'statistics', statistics, like);
  return scope(margins, () => {
    const deviations = div(sub(margins, statistics.mean), maximum(statistics.std, 1e-15));
    // Beyond it the weight is 0 in every format, and the square may leave it.
    return stopGradient(exp(mul(neg(square(clip(deviations, -1e4, 1e4))), 0.5)));
  });
}

/** A batch of margins for {@link adaptiveBeta}. */
export interface AdaptiveBetaBatch<T> {
  /** `logRatioMargin` of each pair, in nats, `[B]`. */
  readonly margins: T;
  /** What {@link marginStatistics} gave for this batch. */
  readonly statistics: MarginStatistics<ScalarOf<T>>;
  /** 1 for the pairs whose margins are averaged, `[B]`. Left out: all. */
  readonly selected?: T;
}

/** Hyperparameters of {@link adaptiveBeta}. */
export interface AdaptiveBetaOptions {
  /** The beta at a margin that is as usual, positive. Default 0.1. */
  readonly beta?: number;
  /** How much beta follows the margin, at least 0, in 1 / nats. Default 0.6, as the paper uses. */
  readonly alpha?: number;
}

/**
 * The beta of beta-DPO for one batch: larger where the margins are larger than usual.
 *
 *     beta' = max(0.001, beta * (1 + alpha * (mean of the selected margins - statistics.mean)))
 *
 * Pass it to {@link dpo} as `beta`. Through it the loss depends on the whole batch: for a batch in parts, compute it over all parts first.
 *
 * @param batch - See {@link AdaptiveBetaBatch}.
 * @param options - See {@link AdaptiveBetaOptions}.
 * @returns A detached scalar on the engine, at least 0.001.
 * @throws RangeError if shapes differ or an option is outside its range.
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
export function adaptiveBeta<T>(batch: AdaptiveBetaBatch<T>, options: AdaptiveBetaOptions = {}): ScalarOf<T> {
  checkFields('adaptiveBeta', 'batch', batch, ['margins', 'statistics']);
  checkNoOtherFields('adaptiveBeta', 'batch', batch, ['margins', 'statistics', 'selected']);
  const { margins, statistics, selected } = batch;
  const like = checkTensor('adaptiveBeta', 'margins', margins, { rank: 1 });
  checkStatistics('adaptiveBeta', 'statistics', statistics, like);
  if (selected !== undefined) checkMask('adaptiveBeta', selected, like, 'selected');
  return scope(margins, () => {
    const { beta, alpha } = readOptions('adaptiveBeta', options, like, { beta: number(positive, 0.1), alpha: number(notNegative, 0.6) });
    const average = selected === undefined ? mean(margins) : (meanOfCounted(margins, selected) as ScalarOf<T>);
    const factor = add(mul(sub(average, statistics.mean), alpha), 1);
    return stopGradient(maximum(mul(factor, beta), 1e-3));
  });
}

function checkStatistics<S>(fn: string, name: string, statistics: MarginStatistics<S>, like: Checked): void {
  checkFields(fn, name, statistics, ['mean', 'std']);
  checkTensor(fn, `${name}.mean`, statistics.mean, { rank: 0, like });
  checkTensor(fn, `${name}.std`, statistics.std, { rank: 0, like });
}

/** Reads statistics that belong to the engine of the margins. */
const statisticsLike =
  <S>(like: Checked): Reader<MarginStatistics<S>> =>
  (fn, name, value) => {
    checkStatistics(fn, name, value as MarginStatistics<S>, like);
    return value as MarginStatistics<S>;
  };
