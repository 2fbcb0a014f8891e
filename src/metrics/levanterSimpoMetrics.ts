import { cast, detached, greater, mul, sub } from '../backend/ops.js';
import type { ScalarOf } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { logistic, meanOfRows } from '../internal/numerics.js';
import { number, readOptions } from '../internal/options.js';
import { targetMargin, targetMarginReaders, type TargetMargin } from '../internal/targetMargin.js';
import { checkPair, type Pair } from '../logprobs/pairs.js';

/** Options of {@link levanterSimpoMetrics}: those of the loss. */
export type LevanterSimpoMetricsOptions = {
  /** The beta of the loss, positive. */
  readonly beta: number;
} & TargetMargin;

/** Result of {@link levanterSimpoMetrics}: scalars on the engine, under Levanter's names. */
export type LevanterSimpoMetrics<S> = Readonly<
  Record<'simpo_loss' | 'simpo_chosen_logp' | 'simpo_rejected_logp' | 'simpo_margin' | 'simpo_accuracy', S>
>;

/**
 * Metrics of a batch of SimPO pairs for logging, under Levanter's names.
 *
 *     simpo_loss                               mean SimPO loss
 *     simpo_chosen_logp, simpo_rejected_logp   mean of the log-probs
 *     simpo_margin                             mean of chosen minus rejected
 *     simpo_accuracy                           share of pairs with beta * (chosen - rejected) above gamma
 *
 * Levanter's accuracy asks for the target margin; that of TRL, `rewards/accuracies` of {@link pairMetrics}, does not.
 *
 * A batch without pairs, such as an empty part of a batch, has the means 0. They mean nothing: weight them with 0 in an average.
 *
 * @param logps - Mean completion log-probs in nats per token, each `[B]`.
 * @param options - See {@link LevanterSimpoMetricsOptions}.
 * @returns Detached scalars on the engine; nothing is read back. Pass them to `readMetrics` or to a `MetricAverage`.
 * @throws RangeError if shapes differ, beta is not positive, or not exactly one of `gamma` and `gammaBetaRatio` is given.
 */
export function levanterSimpoMetrics<T>(logps: Pair<T>, options: LevanterSimpoMetricsOptions): LevanterSimpoMetrics<ScalarOf<T>> {
  const fn = 'levanterSimpoMetrics';
  const like = checkPair(fn, 'logps', logps);
  const read = readOptions(fn, options, like, { beta: number(positive), ...targetMarginReaders() });
  const gamma = targetMargin(fn, read);
  const { chosen, rejected } = logps;
  return detached(chosen, () => {
    const margin = sub(chosen, rejected);
    const excess = sub(mul(margin, read.beta), gamma);
    return {
      simpo_loss: meanOfRows(logistic(excess)),
      simpo_chosen_logp: meanOfRows(chosen),
      simpo_rejected_logp: meanOfRows(rejected),
      simpo_margin: meanOfRows(margin),
      simpo_accuracy: meanOfRows(cast(greater(excess, 0), 'float')),
    };
  });
}
