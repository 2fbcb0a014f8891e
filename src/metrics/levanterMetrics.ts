import { cast, constant, detached, greater, mul, sub } from '../backend/ops.js';
import type { Operand, ScalarOf } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { logistic, meanOfRows } from '../internal/numerics.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';

/** Options of {@link levanterMetrics}. */
export interface LevanterMetricsOptions<T> {
  /** The beta of the loss, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/** Result of {@link levanterMetrics}: scalars on the engine, under Levanter's names. */
export type LevanterMetrics<S> = Readonly<
  Record<'dpo_loss' | 'dpo_margin_policy' | 'dpo_margin_ref' | 'dpo_accuracy' | 'dpo_chosen_reward' | 'dpo_rejected_reward', S>
>;

/**
 * Metrics of a batch of DPO pairs for logging, under Levanter's names.
 *
 *     dpo_loss                                 mean DPO loss
 *     dpo_margin_policy, dpo_margin_ref        mean of chosen minus rejected log-probs, of policy and reference
 *     dpo_accuracy                             share of pairs with a log-ratio margin above 0
 *     dpo_chosen_reward, dpo_rejected_reward   mean of beta * (policy - reference)
 *
 * A batch without pairs, such as an empty part of a batch, has the means 0. They mean nothing: weight them with 0 in an average.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link LevanterMetricsOptions}.
 * @returns Detached scalars on the engine; nothing is read back. Pass them to `readMetrics` or to a `MetricAverage`.
 * @throws RangeError if shapes differ or beta is not positive.
 */
export function levanterMetrics<T>(logps: PairLogps<T>, options: LevanterMetricsOptions<T> = {}): LevanterMetrics<ScalarOf<T>> {
  const like = checkPairLogps('levanterMetrics', logps, 'any');
  const { policy, reference } = logps;
  return detached(policy.chosen, () => {
    const { beta } = readOptions('levanterMetrics', options, like, { beta: perExample(positive, 0.1) });
    const ratios = logRatios(logps);
    const margin = sub(ratios.chosen, ratios.rejected);
    return {
      dpo_loss: meanOfRows(logistic(mul(margin, beta))),
      dpo_margin_policy: meanOfRows(sub(policy.chosen, policy.rejected)),
      dpo_margin_ref: constant<ScalarOf<T>>(policy.chosen, meanOfRows(sub(reference.chosen, reference.rejected))),
      dpo_accuracy: meanOfRows(cast(greater(margin, 0), 'float')),
      dpo_chosen_reward: meanOfRows(mul(ratios.chosen, beta)),
      dpo_rejected_reward: meanOfRows(mul(ratios.rejected, beta)),
    };
  });
}
