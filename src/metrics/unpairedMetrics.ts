import { constant, detached, mul, sub, sum, where } from '../backend/ops.js';
import type { Operand, ScalarOf } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkLabelledLogps, labelsOf, type LabelledLogps } from '../logprobs/labelled.js';

/** A batch of unpaired examples for {@link unpairedMetrics}. */
export type UnpairedMetricsBatch<T> = LabelledLogps<T>;

/** Options of {@link unpairedMetrics}. */
export interface UnpairedMetricsOptions<T> {
  /** The beta of the loss, positive, which scales the rewards; a number, a scalar, or one per example `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/** Result of {@link unpairedMetrics}: scalars on the engine, under TRL's names for sums and counts. */
export type UnpairedMetrics<S> = Readonly<
  Record<'rewards/chosen_sum' | 'rewards/rejected_sum' | 'logps/chosen_sum' | 'logps/rejected_sum' | 'count/chosen' | 'count/rejected', S>
>;

/**
 * Metrics of a batch of unpaired examples for logging, under the names of TRL's KTO trainer: sums and counts per class, "chosen"
 * for desirable and "rejected" for undesirable examples. They are not means, because a batch may lack a class, and class sizes
 * differ between batches.
 *
 * `readMetrics` and `MetricAverage` divide the sums by the counts, into `rewards/chosen`, `logps/chosen` and so on, leave out a
 * class without examples, and add `rewards/margins`.
 *
 * @param batch - Summed completion log-probs in nats and labels, each `[B]`.
 * @param options - See {@link UnpairedMetricsOptions}.
 * @returns Detached scalars on the engine; nothing is read back.
 * @throws RangeError if shapes differ, beta is not positive, or `desirable` holds anything but 0 and 1; on WebGPU and WebGL, the
 *   counts become NaN instead, and with them the means of `readMetrics`.
 */
export function unpairedMetrics<T>(batch: UnpairedMetricsBatch<T>, options: UnpairedMetricsOptions<T> = {}): UnpairedMetrics<ScalarOf<T>> {
  const like = checkLabelledLogps('unpairedMetrics', batch, 'any');
  const { policy, reference, desirable } = batch;
  return detached(policy, () => {
    const { beta } = readOptions('unpairedMetrics', options, like, { beta: perExample(positive, 0.1) });
    const rewards = mul(sub(policy, reference), beta);
    const chosen = constant<T>(policy, labelsOf(desirable));
    const rejected = sub(1, chosen);
    const over = (side: T, x: T) => sum(where(side, x, 0));
    return {
      'rewards/chosen_sum': over(chosen, rewards),
      'rewards/rejected_sum': over(rejected, rewards),
      'logps/chosen_sum': over(chosen, policy),
      'logps/rejected_sum': over(rejected, policy),
      'count/chosen': sum(chosen),
      'count/rejected': sum(rejected),
    };
  });
}
