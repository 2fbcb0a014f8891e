import { mul, scope, sort, sub } from '../backend/ops.js';
import { labelNoise, positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';
import type { AotOptions } from './aot.js';

/**
 * AOT (Alignment via Optimal Transport) on the two sides as sets: the distribution of the chosen log-ratios over the batch
 * is made to dominate that of the rejected ones. Who stands beside whom in a pair does not matter.
 *
 *     d    = sort(policy.chosen - reference.chosen) - sort(policy.rejected - reference.rejected)
 *     loss = -(1 - e) * log sigmoid(beta * d) - e * log sigmoid(-beta * d)      with e = labelSmoothing
 *
 * Sorting is ascending over the batch, so each value belongs to a quantile. It is ln 2 where policy and reference agree.
 * The gradient of a quantile, `beta * (e - sigmoid(-beta * d))`, goes to the chosen completion that stands there, its
 * opposite to the rejected one. TRL up to 0.27 calls this `aot_pair`, and 1.x `aot_unpaired`.
 *
 * AOT needs the other rows themselves: a batch in parts is another loss, and so is a larger batch.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link AotOptions}.
 * @returns The losses `[B]`, in the order of the quantiles.
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
