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
 * AOT (Alignment via Optimal Transport) on pairs, one value per quantile: pushes the distribution of the policy's margins
 * over the batch above the distribution of the reference's margins, quantile by quantile.
 *
 *     d    = sort(policy.chosen - policy.rejected) - sort(reference.chosen - reference.rejected)
 *     loss = -(1 - e) * log sigmoid(beta * d) - e * log sigmoid(-beta * d)      with e = labelSmoothing
 *
 * Both sorts are ascending over the batch, so each loss belongs to a quantile, not to a pair. It is ln 2 if policy and
 * reference agree on all pairs. Only one pair of the policy gets a gradient, the pair whose policy margin has the rank of the
 * loss: `beta * (e - sigmoid(-beta * d))` with respect to its `policy.chosen`, and the opposite for its `policy.rejected`.
 *
 * AOT compares the pairs of a batch with each other, so the losses generally change if the batch is split or enlarged.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link AotOptions}.
 * @returns The losses `[B]`, in the order of the quantiles, at least 0.
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
