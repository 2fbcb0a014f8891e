import { cast, constant, greater, mean, mul, scope, sub } from '../backend/ops.js';
import type { Operand, ScalarOf } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { logistic } from '../internal/numerics.js';
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
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link LevanterMetricsOptions}.
 * @returns Scalars on the engine; nothing is read back. Pass them to `readMetrics` or to a `MetricAverage`.
 * @throws RangeError if shapes differ or beta is not positive.
 */
export function levanterMetrics<T>(logps: PairLogps<T>, options: LevanterMetricsOptions<T> = {}): LevanterMetrics<ScalarOf<T>> {
  const like = checkPairLogps('levanterMetrics', logps);
  const { policy, reference } = logps;
  return scope(policy.chosen, () => {
    const { beta } = readOptions('levanterMetrics', options, like, { beta: perExample(positive, 0.1) });
    const ratios = logRatios(logps);
    const margin = sub(ratios.chosen, ratios.rejected);
    return {
      dpo_loss: mean(logistic(mul(margin, beta))),
      dpo_margin_policy: mean(sub(policy.chosen, policy.rejected)),
      dpo_margin_ref: constant<ScalarOf<T>>(policy.chosen, mean(sub(reference.chosen, reference.rejected))),
      dpo_accuracy: mean(cast(greater(margin, 0), 'float')),
      dpo_chosen_reward: mean(mul(ratios.chosen, beta)),
      dpo_rejected_reward: mean(mul(ratios.rejected, beta)),
    };
  });
}
