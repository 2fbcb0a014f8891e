import { mul, scope, sub, sum, where } from '../backend/ops.js';
import type { Operand, ScalarOf } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkLabelledLogps, labelsOf, type LabelledLogps } from '../logprobs/labelled.js';

/** A batch of single examples for {@link unpairedMetrics}. */
export type UnpairedMetricsBatch<T> = LabelledLogps<T>;

/** Options of {@link unpairedMetrics}. */
export interface UnpairedMetricsOptions<T> {
  /** The beta of the loss, a number, a scalar, or one per example `[B]`: rewards are logged as beta times the log-ratios. Default 0.1. */
  readonly beta?: Operand<T>;
}

/** What {@link unpairedMetrics} gives: scalars on the engine, under TRL's names for sums and counts. */
export type UnpairedMetrics<S> = Readonly<
  Record<'rewards/chosen_sum' | 'rewards/rejected_sum' | 'logps/chosen_sum' | 'logps/rejected_sum' | 'count/chosen' | 'count/rejected', S>
>;

/**
 * What to log for a batch of desirable and undesirable examples: sums and counts per class ("chosen" is the desirable one),
 * under the names that TRL's KTO trainer uses, because a batch may lack a class and batches differ in their shares.
 *
 * `readMetrics` and `MetricAverage` divide them into `rewards/chosen`, `logps/chosen`, ..., and `rewards/margins`, and
 * leave out a class that is absent.
 *
 * @param batch - Summed completion log-probs in nats and labels, each `[B]`.
 * @param options - See {@link UnpairedMetricsOptions}.
 * @returns Scalars on the engine: nothing is read back here.
 * @throws RangeError if shapes differ, beta is not positive, or `desirable` holds anything but 0 and 1; where it cannot
 *   be read, the sums become NaN.
 */
export function unpairedMetrics<T>(batch: UnpairedMetricsBatch<T>, options: UnpairedMetricsOptions<T> = {}): UnpairedMetrics<ScalarOf<T>> {
  const like = checkLabelledLogps('unpairedMetrics', batch);
  const { policy, reference, desirable } = batch;
  return scope(policy, () => {
    const { beta } = readOptions('unpairedMetrics', options, like, { beta: perExample(positive, 0.1) });
    const rewards = mul(sub(policy, reference), beta);
    const chosen = labelsOf(desirable);
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
