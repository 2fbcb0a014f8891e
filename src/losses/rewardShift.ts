import { add, constant, detached, div, maximum, minimum, mul, sub, sum, where } from '../backend/ops.js';
import type { Operand, ScalarOf } from '../backend/types.js';
import { checkFields, checkScalars } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { choice, perExample, readOptions } from '../internal/options.js';
import { checkPairLogps, logRatios, mapPair, type PairLogps } from '../logprobs/pairs.js';
import { checkLabelledLogps, labelsOf, type LabelledLogps } from '../logprobs/labelled.js';

/** Sums and counts of the rewards so far, which add up over batches, parts of batches and workers; see `addStatistics`. */
export type RewardStatistics<S> = {
  /** Sum of the rewards of desirable (chosen) examples, a scalar, detached. */
  readonly desirableSum: S;
  /** Number of desirable (chosen) examples, a scalar. */
  readonly desirableCount: S;
  /** Sum of the rewards of undesirable (rejected) examples, a scalar, detached. */
  readonly undesirableSum: S;
  /** Number of undesirable (rejected) examples, a scalar. */
  readonly undesirableCount: S;
};

/** Hyperparameters of {@link rewardStatistics}. */
export interface RewardStatisticsOptions<T> {
  /** The same beta as in the loss, positive; a number, a scalar, or one per example `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/**
 * The contribution of one batch to the reward shift of BCO: for each class, the sum and the count of its rewards
 * `beta * (policy - reference)`. Both are 0 for a class that is absent.
 *
 * @param batch - Summed log-probs in nats, each `[B]`: of pairs, or of unpaired examples with their labels.
 * @param options - See {@link RewardStatisticsOptions}.
 * @returns Four detached scalars on the engine of the batch.
 * @throws RangeError if shapes differ, beta is not positive, or a value of `desirable` is not 0 or 1. Where values cannot be
 *   read synchronously (WebGPU, WebGL), such a value makes the counts NaN.
 */
export function rewardStatistics<T>(
  batch: PairLogps<T> | LabelledLogps<T>,
  options: RewardStatisticsOptions<T> = {},
): RewardStatistics<ScalarOf<T>> {
  return isLabelled(batch) ? ofExamples(batch, options) : ofPairs(batch, options);
}

function ofPairs<T>(logps: PairLogps<T>, options: RewardStatisticsOptions<T>): RewardStatistics<ScalarOf<T>> {
  const like = checkPairLogps('rewardStatistics', logps, 'any');
  return detached(logps.policy.chosen, () => {
    const { beta } = readOptions('rewardStatistics', options, like, { beta: perExample(positive, 0.1) });
    const { chosen, rejected } = mapPair(logRatios(logps), (ratio) => sum(mul(ratio, beta)));
    const count = () => constant<ScalarOf<T>>(like.value, like.shape[0]!);
    return { desirableSum: chosen, desirableCount: count(), undesirableSum: rejected, undesirableCount: count() };
  });
}

function ofExamples<T>(batch: LabelledLogps<T>, options: RewardStatisticsOptions<T>): RewardStatistics<ScalarOf<T>> {
  const like = checkLabelledLogps('rewardStatistics', batch, 'any');
  const { policy, reference, desirable } = batch;
  return detached(policy, () => {
    const { beta } = readOptions('rewardStatistics', options, like, { beta: perExample(positive, 0.1) });
    const labels = constant<T>(policy, labelsOf(desirable));
    const rewards = mul(sub(policy, reference), beta);
    return {
      desirableSum: sum(where(labels, rewards, 0)),
      desirableCount: sum(labels),
      undesirableSum: sum(where(labels, 0, rewards)),
      undesirableCount: sum(sub(1, labels)),
    };
  });
}

const isLabelled = <T>(batch: PairLogps<T> | LabelledLogps<T>): batch is LabelledLogps<T> =>
  typeof batch === 'object' && (batch as object | null) !== null && 'desirable' in batch;

/** Options of {@link rewardShift}. */
export interface RewardShiftOptions {
  /**
   * The set to take the mean over. `'examples'`: all rewards, as in TRL's BCO trainer. `'classes'`: the means of the two classes,
   * as in the paper. Default `'examples'`.
   */
  readonly over?: 'examples' | 'classes';
}

/**
 * The reward shift `delta` of BCO, from the rewards so far:
 *
 *     examples: (desirableSum + undesirableSum) / (desirableCount + undesirableCount)
 *     classes:  (desirableSum / desirableCount + undesirableSum / undesirableCount) / 2
 *
 * It is 0 before any example, and the mean of the one class if the other is absent. Add up the {@link rewardStatistics} of
 * all batches with `addStatistics`, and take the shift of the total. Every example has the same weight, as in the BCO trainer
 * of TRL 0.27; in its `bco_pair` loss, every batch has the same weight whatever its size.
 *
 * @param statistics - Sums and counts, scalars on one engine or plain numbers; see {@link RewardStatistics}.
 * @param options - See {@link RewardShiftOptions}.
 * @returns A detached scalar on that engine, in units of the reward.
 * @throws RangeError if a statistic is not a scalar, or `over` is neither of the two words.
 *
 * @example
 * ```ts
 * import { rewardShift, rewardStatistics } from 'prefloss';
 * const total = rewardStatistics({ policy: [-10, -8, -12], reference: [-12, -10, -10], desirable: [1, 1, 0] }, { beta: 0.5 });
 * console.log(rewardShift(total).toFixed(4), rewardShift(total, { over: 'classes' })); // 0.3333 0
 * ```
 *
 * @see Jung et al., "Binary Classifier Optimization for Large Language Model Alignment", 2024. https://arxiv.org/abs/2404.04656
 */
export function rewardShift<S>(statistics: RewardStatistics<S>, options: RewardShiftOptions = {}): S {
  checkFields('rewardShift', 'statistics', statistics, FIELDS);
  const { desirableSum, desirableCount, undesirableSum, undesirableCount } = statistics;
  const like = checkScalars('rewardShift', { desirableSum, desirableCount, undesirableSum, undesirableCount });
  const { over } = readOptions('rewardShift', options, like, { over: choice(['examples', 'classes']) });
  return detached(like.value, () => {
    const mean = (total: S, count: S): S => div(total, maximum(count, 1));
    if (over === 'examples') return mean(add(desirableSum, undesirableSum), add(desirableCount, undesirableCount));
    const means = add(mean(desirableSum, desirableCount), mean(undesirableSum, undesirableCount));
    const classes = add(minimum(desirableCount, 1), minimum(undesirableCount, 1));
    return mean(means, classes);
  });
}

const FIELDS = ['desirableSum', 'desirableCount', 'undesirableSum', 'undesirableCount'] as const;
