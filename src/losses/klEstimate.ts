import { constant, detached, div, maximum, sub, sum } from '../backend/ops.js';
import type { ScalarOf } from '../backend/types.js';
import { checkFields, checkScalars } from '../internal/checks.js';
import { checkUnpairedLogps, type UnpairedLogps } from '../logprobs/pairs.js';

/** Sum and count of log-ratios, for {@link klEstimate}; the statistics of several parts add up, see `addStatistics`. */
export type KlStatistics<S> = {
  /** Sum of the log-ratios, a scalar, detached. */
  readonly sum: S;
  /** Number of examples, a scalar. */
  readonly count: S;
};

/**
 * Sum and count of the log-ratios of one batch, for the KL estimate of KTO:
 *
 *     sum = sum over i of (policy[i] - reference[i])      count = N
 *
 * With gradient accumulation, a larger pool of examples, or several workers, add the statistics up first and pass the total to
 * {@link klEstimate}: a mean of clamped means is not the clamped mean.
 *
 * @param logps - Summed log-probs in nats of mismatched completions (each prompt with another prompt's completion), each `[N]`.
 * @returns Two detached scalars on the engine.
 * @throws RangeError if shapes differ.
 */
export function klStatistics<T>(logps: UnpairedLogps<T>): KlStatistics<ScalarOf<T>> {
  const { shape } = checkUnpairedLogps('klStatistics', logps, 'any');
  const { policy, reference } = logps;
  return detached(policy, () => ({
    sum: sum(sub(policy, reference)),
    count: constant<ScalarOf<T>>(policy, shape[0]!),
  }));
}

/**
 * Estimate of KL(policy || reference) from a batch of mismatched completions, the reference point of KTO:
 *
 *     kl = max(0, sum / max(count, 1))
 *
 * with the sum and the count of `klStatistics`. It is 0 if policy and reference agree on all completions.
 *
 * @param logps - Summed log-probs in nats of mismatched completions, each `[N]`, or the {@link KlStatistics} of all parts, added
 *   up.
 * @returns A detached scalar on the engine, in nats, at least 0.
 * @throws RangeError if shapes differ or a statistic is not a scalar.
 *
 * @see Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization", 2024, section 4.1. https://arxiv.org/abs/2402.01306
 */
export function klEstimate<T>(logps: UnpairedLogps<T>): ScalarOf<T>;
export function klEstimate<S>(statistics: KlStatistics<S>): S;
export function klEstimate(input: UnpairedLogps<unknown> | KlStatistics<unknown>): unknown {
  if (!isStatistics(input)) {
    checkUnpairedLogps('klEstimate', input, 'any');
    return detached(input.policy, () => positiveMean(klStatistics(input)));
  }
  checkFields('klEstimate', 'statistics', input, ['sum', 'count']);
  const { sum, count } = input;
  const { value } = checkScalars('klEstimate', { sum, count });
  return detached(value, () => positiveMean({ sum, count }));
}

/** `max(0, sum / count)`; 0 if the count is 0. */
const positiveMean = <S>({ sum, count }: KlStatistics<S>): S => maximum(div(sum, maximum(count, 1)), 0);

const isStatistics = <T, S>(input: UnpairedLogps<T> | KlStatistics<S> | undefined | null): input is KlStatistics<S> =>
  typeof input === 'object' && input !== null && 'sum' in input;
