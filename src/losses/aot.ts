import { mul, scope, sort, sub } from '../backend/ops.js';
import { labelNoise, positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPairLogps, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link aot} and {@link aotUnpaired}. */
export interface AotOptions {
  /** Strength of the implicit KL penalty, positive. Default 0.1. */
  readonly beta?: number;
  /** Assumed probability that a preference label is flipped, in [0, 0.5). Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * AOT (Alignment via Optimal Transport) on pairs: the distribution of the policy's margins over the batch is made to
 * dominate that of the reference's, quantile by quantile.
 *
 *     d    = sort(policy.chosen - policy.rejected) - sort(reference.chosen - reference.rejected)
 *     loss = -(1 - e) * log sigmoid(beta * d) - e * log sigmoid(-beta * d)      with e = labelSmoothing
 *
 * Sorting is ascending over the batch, so each value belongs to a quantile, not to a pair. It is ln 2 where policy and
 * reference agree. The gradient of a quantile, `beta * (e - sigmoid(-beta * d))`, goes to the pair that stands there.
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
 * import { aot } from 'prefloss';
 * const policy = { chosen: [-10, -8], rejected: [-12, -7] };
 * const reference = { chosen: [-11, -9], rejected: [-11, -9] };
 * console.log(aot({ policy, reference }).map((x) => x.toFixed(7))); // 0.7443967,0.5981389
 * ```
 *
 * @see Melnyk et al., "Distributional Preference Alignment of LLMs via Optimal Transport", 2024. https://arxiv.org/abs/2406.05882
 */
export function aot<T>(logps: PairLogps<T>, options: AotOptions = {}): T {
  const like = checkPairLogps('aot', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, labelSmoothing } = readOptions('aot', options, like, {
      beta: number(positive, 0.1),
      labelSmoothing: number(labelNoise, 0),
    });
    const { policy, reference } = logps;
    const margins = sort(sub(policy.chosen, policy.rejected));
    const baseline = sort(sub(reference.chosen, reference.rejected));
    return logistic(mul(sub(margins, baseline), beta), labelSmoothing);
  });
}
