import { add, cast, detached, div, equal, greater, mul, sub } from '../backend/ops.js';
import type { Operand, ScalarOf } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { meanOfRows } from '../internal/numerics.js';
import { choice, perExample, readOptions } from '../internal/options.js';
import { checkOptionalReference, logRatios, mapPair, type OptionalReference, type Pair } from '../logprobs/pairs.js';

/** Options of {@link pairMetrics}. */
export interface PairMetricsOptions<T> {
  /** The beta of the loss, positive, which scales the rewards; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Whether a pair with equal rewards counts as 0 in the accuracy, as in TRL, or as one half. Default `'zero'`. */
  readonly ties?: 'zero' | 'half';
}

/** Result of {@link pairMetrics}: scalars on the engine, under TRL's names. */
export type PairMetrics<S> = Readonly<
  Record<'rewards/chosen' | 'rewards/rejected' | 'rewards/margins' | 'rewards/accuracies' | 'logps/chosen' | 'logps/rejected', S>
>;

/** Share of pairs with `chosen > rejected`; a tie counts as 0 or one half. */
function accuracy<T>({ chosen, rejected }: Pair<T>, ties: 'zero' | 'half'): ScalarOf<T> {
  const wins = cast(greater(chosen, rejected), 'float');
  return meanOfRows(ties === 'zero' ? wins : add(wins, div(cast(equal(chosen, rejected), 'float'), 2)));
}

/**
 * Metrics of a batch of preference pairs for logging, under the names of TRL's trainers.
 *
 *     rewards/chosen, rewards/rejected   mean of beta * (policy - reference), or of beta * policy without a reference
 *     rewards/margins                    mean of chosen minus rejected rewards
 *     rewards/accuracies                 share of pairs whose chosen reward is larger
 *     logps/chosen, logps/rejected       mean of the policy's log-probs
 *
 * A batch without pairs, such as an empty part of a batch, has the means 0. They mean nothing: weight them with 0 in an average.
 *
 * @param logps - Completion log-probs in nats, each `[B]`.
 * @param options - See {@link PairMetricsOptions}.
 * @returns Detached scalars on the engine; nothing is read back. Pass them to `readMetrics` or to a `MetricAverage`.
 * @throws RangeError if shapes differ or an option is outside its range.
 */
export function pairMetrics<T>(logps: OptionalReference<T>, options: PairMetricsOptions<T> = {}): PairMetrics<ScalarOf<T>> {
  const like = checkOptionalReference('pairMetrics', logps);
  const { policy } = logps;
  return detached(policy.chosen, () => {
    const { beta, ties } = readOptions('pairMetrics', options, like, { beta: perExample(positive, 0.1), ties: choice(['zero', 'half']) });
    const rewards = mapPair(logps.reference ? logRatios(logps) : policy, (ratio) => mul(ratio, beta));
    return {
      'rewards/chosen': meanOfRows(rewards.chosen),
      'rewards/rejected': meanOfRows(rewards.rejected),
      'rewards/margins': meanOfRows(sub(rewards.chosen, rewards.rejected)),
      'rewards/accuracies': accuracy(rewards, ties),
      'logps/chosen': meanOfRows(policy.chosen),
      'logps/rejected': meanOfRows(policy.rejected),
    };
  });
}
