import { div, maximum, mul, scope, stopGradient, sub } from '../backend/ops.js';
import type { Statistic } from '../backend/types.js';
import { checkOnlyFields, checkMeanAndStd } from '../internal/checks.js';
import { labelNoise, notNegative, positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { targetMargin, targetMarginReaders, type TargetMargin } from '../internal/targetMargin.js';
import { checkPairLogps, marginOf, type PairLogps } from '../logprobs/pairs.js';
import type { MarginStatistics } from './adaptiveBeta.js';

/** A batch of pairs for {@link alphaDpo}: mean log-probs, and the statistics of their margins. */
export type AlphaDpoBatch<T> = PairLogps<T> & {
  /** The statistics that {@link marginStatistics} returned for the `logRatioMargin` of this batch. */
  readonly statistics: MarginStatistics<Statistic<NoInfer<T>>>;
};

/** Hyperparameters of {@link alphaDpo}. */
export type AlphaDpoOptions = {
  /** Share of the normalised margin in the target margin, at least 0; 0 is {@link simpo}. The authors use 0.05 and 0.2. */
  readonly alpha: number;
  /** Scale of the rewards, positive; the authors use 2.5 and 10. */
  readonly beta: number;
  /** Assumed probability that a preference label is flipped, in [0, 0.5). Default 0. */
  readonly labelSmoothing?: number;
} & TargetMargin;

/**
 * alpha-DPO, one value per preference pair: {@link simpo} with a target margin that is larger for pairs that the policy has
 * already moved further from the reference than usual.
 *
 *     D    = (policy.chosen - reference.chosen) - (policy.rejected - reference.rejected)
 *     z    = (D - statistics.mean) / max(statistics.std, 1e-15)
 *     h    = beta * (policy.chosen - policy.rejected - alpha * sg(z)) - gamma
 *     loss = -(1 - e) * log sigmoid(h) - e * log sigmoid(-h)      with e = labelSmoothing
 *
 * where `sg` stops the gradient, so the reference has none. The gradient with respect to `policy.chosen` is
 * `beta * (e - sigmoid(-h))`, and the opposite for `policy.rejected`. The target margin is given either as `gamma` or as
 * `gammaBetaRatio`, with `gamma = beta * gammaBetaRatio`.
 *
 * {@link marginStatistics} updates the running mean and standard deviation with each batch, as the authors' code does before
 * the loss. If a batch is split into parts, add up the {@link marginSums} of all parts.
 *
 * @param batch - Mean completion log-probs in nats per token, each `[B]`, and the statistics; see {@link AlphaDpoBatch}.
 * @param options - See {@link AlphaDpoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, a statistic is not a scalar, an option is outside its range, or not exactly one of
 *   `gamma` and `gammaBetaRatio` is given.
 *
 * @example
 * ```ts
 * import { alphaDpo, logRatioMargin, marginStatistics } from 'prefloss';
 * const logps = { policy: { chosen: [-0.5], rejected: [-1.5] }, reference: { chosen: [-0.75], rejected: [-1.25] } };
 * const statistics = marginStatistics(logRatioMargin(logps), { previous: { mean: 0.25, std: 0.5 } });
 * const loss = alphaDpo({ ...logps, statistics }, { alpha: 0.2, beta: 2.5, gammaBetaRatio: 0.6 });
 * console.log(loss[0]!.toFixed(7)); // 0.3868710
 * ```
 *
 * @see Wu et al., "alpha-DPO: Adaptive Reward Margin is What Direct Preference Optimization Needs", 2024. https://arxiv.org/abs/2410.10148
 */
export function alphaDpo<T>(batch: AlphaDpoBatch<T>, options: AlphaDpoOptions): T {
  checkOnlyFields('alphaDpo', 'batch', batch, ['policy', 'reference', 'statistics']);
  const like = checkPairLogps('alphaDpo', batch, 'any');
  const { policy, statistics } = batch;
  checkMeanAndStd('alphaDpo', 'statistics', statistics, like);
  return scope(policy.chosen, () => {
    const read = readOptions('alphaDpo', options, like, {
      alpha: number(notNegative),
      beta: number(positive),
      labelSmoothing: number(labelNoise, 0),
      ...targetMarginReaders(),
    });
    const gamma = targetMargin('alphaDpo', read);
    const normalised = stopGradient(div(sub(marginOf(batch), statistics.mean), maximum(statistics.std, 1e-15)));
    const margin = sub(sub(policy.chosen, policy.rejected), mul(normalised, read.alpha));
    const scaled = mul(margin, read.beta);
    return logistic(gamma === 0 ? scaled : sub(scaled, gamma), read.labelSmoothing);
  });
}
