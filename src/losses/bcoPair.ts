import { add, mul, scope, softplus, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions, statistic } from '../internal/options.js';
import { checkPairLogps, logRatios, mapPair, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link bcoPair}. */
export interface BcoPairOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Reward threshold between chosen and rejected, see `rewardShift`; a number, a scalar, or one per pair `[B]`. Default 0. */
  readonly delta?: Operand<T>;
}

/**
 * BCO (Binary Classifier Optimization) on pairs, one value per preference pair: classifies each side separately.
 *
 *     r    = beta * (policy - reference)      for each side
 *     loss = -log sigmoid(r.chosen - delta) - log sigmoid(-(r.rejected - delta))
 *
 * It is 2 ln 2 where policy and reference agree and delta is 0. Its gradient with respect to `policy.chosen` is
 * `-beta * sigmoid(delta - r.chosen)`, and with respect to `policy.rejected` `beta * sigmoid(r.rejected - delta)`.
 *
 * The paper and TRL up to 0.27 shift the rewards by a running mean; TRL 1.x and Liger-Kernel do not. Pass the shift as
 * `delta`: `rewardShift` computes it from the rewards so far, and 0 means no shift. For unpaired examples see {@link bco}.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link BcoPairOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { bcoPair } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(bcoPair(logps)[0]!.toFixed(7)); // 1.2887933
 * ```
 *
 * @see Jung et al., "Binary Classifier Optimization for Large Language Model Alignment", 2024. https://arxiv.org/abs/2404.04656
 */
export function bcoPair<T>(logps: PairLogps<T>, options: BcoPairOptions<T> = {}): T {
  const like = checkPairLogps('bcoPair', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, delta } = readOptions('bcoPair', options, like, {
      beta: perExample(positive, 0.1),
      delta: statistic(0),
    });
    const { chosen, rejected } = mapPair(logRatios(logps), (ratio) => mul(ratio, beta));
    return add(softplus(sub<T>(delta, chosen)), softplus(sub(rejected, delta)));
  });
}
