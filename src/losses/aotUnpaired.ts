import { mul, scope, sort, sub } from '../backend/ops.js';
import { labelNoise, positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';
import type { AotOptions } from './aot.js';

/**
 * AOT (Alignment via Optimal Transport) on two sets of completions, one value per quantile: pushes the distribution of the
 * chosen log-ratios over the batch above the distribution of the rejected log-ratios, quantile by quantile. Which chosen
 * completion is paired with which rejected one does not matter.
 *
 *     d    = sort(policy.chosen - reference.chosen) - sort(policy.rejected - reference.rejected)
 *     loss = -(1 - e) * log sigmoid(beta * d) - e * log sigmoid(-beta * d)      with e = labelSmoothing
 *
 * Both sorts are ascending over the batch, so each loss belongs to a quantile. It is ln 2 if policy and reference agree on
 * all completions. Only the two completions whose log-ratios have the rank of the loss get a gradient:
 * `beta * (e - sigmoid(-beta * d))` with respect to the policy's log-prob of the chosen one, and the opposite for the rejected
 * one. TRL up to 0.27 calls this loss `aot_pair`, TRL 1.x calls it `aot_unpaired`.
 *
 * AOT compares the completions of a batch with each other, so the losses generally change if the batch is split or enlarged.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link AotOptions}.
 * @returns The losses `[B]`, in the order of the quantiles, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { aotUnpaired } from 'prefloss';
 * const policy = { chosen: [-10, -8], rejected: [-12, -7] };
 * const reference = { chosen: [-11, -9], rejected: [-11, -9] };
 * console.log(aotUnpaired({ policy, reference }).map((x) => x.toFixed(7))); // 0.5981389,0.7443967
 * ```
 *
 * @see Melnyk et al., "Distributional Preference Alignment of LLMs via Optimal Transport", 2024. https://arxiv.org/abs/2406.05882
 */
export function aotUnpaired<T>(logps: PairLogps<T>, options: AotOptions = {}): T {
  const like = checkPairLogps('aotUnpaired', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, labelSmoothing } = readOptions('aotUnpaired', options, like, {
      beta: number(positive, 0.1),
      labelSmoothing: number(labelNoise, 0),
    });
    const { chosen, rejected } = logRatios(logps);
    return logistic(mul(sub(sort(chosen), sort(rejected)), beta), labelSmoothing);
  });
}
