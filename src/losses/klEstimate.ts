import { div, maximum, scope, stopGradient, sub, sum } from '../backend/ops.js';
import type { Backend, ScalarOf } from '../backend/types.js';
import { checkFields, checkTensor } from '../internal/checks.js';
import { checkUnpairedLogps, type UnpairedLogps } from '../logprobs/pairs.js';

/** What a batch adds to the estimate of the KL divergence: sums, so that parts of a batch can be added up. */
export interface KlStatistics<S> {
  /** Sum of the log-ratios, a scalar, detached. */
  readonly sum: S;
  /** Number of examples, a scalar. */
  readonly count: S;
}

/**
 * The part of one batch in the KL estimate of KTO:
 *
 *     sum = sum over i of (policy[i] - reference[i])      count = N
 *
 * With gradient accumulation, a larger pool of examples, or several workers, add the sums and the counts up first and
 * give the totals to {@link klEstimate}: a mean of clamped means is something else.
 *
 * @param logps - Summed log-probs in nats of mismatched completions (each prompt with another prompt's completion), `[N]`.
 * @returns Two detached scalars on the engine.
 * @throws RangeError if shapes differ.
 */
export function klStatistics<T>(logps: UnpairedLogps<T>): KlStatistics<ScalarOf<T>> {
  const { backend, shape } = checkUnpairedLogps('klStatistics', logps);
  const { policy, reference } = logps;
  return scope(policy, () => ({
    sum: stopGradient(sum(sub(policy, reference))),
    count: (backend as Backend<unknown>).constant(shape[0]!) as ScalarOf<T>,
  }));
}

/**
 * The batch's estimate of the KL divergence from the reference to the policy, the reference point of KTO, detached:
 *
 *     kl = max(0, sum / max(count, 1))
 *
 * over mismatched completions. It is 0 where policy and reference agree.
 *
 * @param logps - The mismatched completions' log-probs `[N]`, or the {@link KlStatistics} of all parts added up.
 * @returns A detached scalar on the engine, in nats, at least 0.
 * @throws RangeError if shapes differ.
 *
 * @see Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization", 2024, section 4.1. https://arxiv.org/abs/2402.01306
 */
export function klEstimate<T>(logps: UnpairedLogps<T>): ScalarOf<T>;
export function klEstimate<S>(statistics: KlStatistics<S>): S;
export function klEstimate(input: UnpairedLogps<unknown> | KlStatistics<unknown>): unknown {
  if (!isStatistics(input)) {
    checkUnpairedLogps('klEstimate', input);
    return scope(input.policy, () => positiveMean(klStatistics(input)));
  }
  checkFields('klEstimate', 'statistics', input, ['sum', 'count']);
  checkTensor('klEstimate', 'count', input.count, { rank: 0, like: checkTensor('klEstimate', 'sum', input.sum, { rank: 0 }) });
  return scope(input.sum, () => positiveMean(input));
}

/** `max(0, sum / count)`, and 0 of no examples. */
function positiveMean<S>({ sum, count }: KlStatistics<S>): S {
  return stopGradient(maximum(div(sum, maximum(count, 1)), 0));
}

const isStatistics = <T, S>(input: UnpairedLogps<T> | KlStatistics<S> | undefined | null): input is KlStatistics<S> =>
  typeof input === 'object' && input !== null && 'sum' in input;
