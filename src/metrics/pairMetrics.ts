import { add, cast, detached, div, equal, greater, mul, sub, where } from '../backend/ops.js';
import type { Operand, ScalarOf } from '../backend/types.js';
import { checkUnused } from '../internal/checks.js';
import { notZero, positive } from '../internal/domains.js';
import { exponentialScore, MAX_EXPONENT, meanOfRows } from '../internal/numerics.js';
import { choice, number, optional, perExample, readOptions } from '../internal/options.js';
import { checkOptionalReference, logRatios, mapPair, type OptionalReference, type Pair } from '../logprobs/pairs.js';

/** Options of {@link pairMetrics}. */
export interface PairMetricsOptions<T> {
  /** The beta of the loss, positive, which scales the rewards; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Whether a pair with equal rewards counts as 0 in the accuracy, as in TRL, or as one half. Default `'zero'`. */
  readonly ties?: 'zero' | 'half';
  /** The alpha of AlphaPO, not 0, if that is the loss; only without a reference. If omitted, rewards are those of the other losses. */
  readonly alpha?: number;
}

/** Result of {@link pairMetrics}: scalars on the engine, under TRL's names. */
export type PairMetrics<S> = Readonly<
  Record<'rewards/chosen' | 'rewards/rejected' | 'rewards/margins' | 'rewards/accuracies' | 'logps/chosen' | 'logps/rejected', S>
>;

/** 1 for pairs with `chosen > rejected`; 0 or one half for a tie. */
function wins<T>({ chosen, rejected }: Pair<T>, ties: 'zero' | 'half'): T {
  const larger = cast(greater(chosen, rejected), 'float');
  return ties === 'zero' ? larger : add(larger, div(cast(equal(chosen, rejected), 'float'), 2));
}

/**
 * Metrics of a batch of preference pairs for logging, under the names of TRL's trainers.
 *
 *     rewards/chosen, rewards/rejected   mean of beta * (policy - reference), or of beta * policy without a reference;
 *                                        with alpha, of beta * (1 - e^(-alpha * policy)) / alpha, the reward of AlphaPO
 *     rewards/margins                    mean of chosen minus rejected rewards
 *     rewards/accuracies                 share of pairs whose chosen reward is larger
 *     logps/chosen, logps/rejected       mean of the policy's log-probs
 *
 * An empty completion has the mean log-prob 0, above every other. So without a reference, a chosen side of exactly 0 does not
 * count as larger, as in TRL, where its mean is 0 / 0, which is NaN. In the means it counts as 0; those of TRL would be NaN.
 *
 * A batch without pairs, such as an empty part of a batch, has the means 0. They mean nothing: weight them with 0 in an average.
 *
 * @param logps - Completion log-probs in nats, each `[B]`.
 * @param options - See {@link PairMetricsOptions}.
 * @returns Detached scalars on the engine; nothing is read back. Pass them to `readMetrics` or to a `MetricAverage`.
 * @throws RangeError if shapes differ, an option is outside its range, or alpha is given next to a reference.
 */
export function pairMetrics<T>(logps: OptionalReference<T>, options: PairMetricsOptions<T> = {}): PairMetrics<ScalarOf<T>> {
  const like = checkOptionalReference('pairMetrics', logps);
  const { policy } = logps;
  return detached(policy.chosen, () => {
    const { beta, ties, alpha } = readOptions('pairMetrics', options, like, {
      beta: perExample(positive, 0.1),
      ties: choice(['zero', 'half']),
      alpha: optional(number(notZero)),
    });
    if (logps.reference) checkUnused('pairMetrics', options, ['alpha'], 'next to a reference');
    const scores = alpha === undefined ? policy : mapPair(policy, (logp) => exponentialScore(logp, alpha, MAX_EXPONENT));
    const rewards = mapPair(logps.reference ? logRatios(logps) : scores, (score) => mul(score, beta));
    const won = wins(rewards, ties);
    return {
      'rewards/chosen': meanOfRows(rewards.chosen),
      'rewards/rejected': meanOfRows(rewards.rejected),
      'rewards/margins': meanOfRows(sub(rewards.chosen, rewards.rejected)),
      'rewards/accuracies': meanOfRows(logps.reference ? won : where(equal(policy.chosen, 0), 0, won)),
      'logps/chosen': meanOfRows(policy.chosen),
      'logps/rejected': meanOfRows(policy.rejected),
    };
  });
}
