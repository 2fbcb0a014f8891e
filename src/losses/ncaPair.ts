import { add, mul, neg, scope, softplus } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkPairLogps, logRatios, mapPair, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link ncaPair}. */
export interface NcaPairOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/**
 * NCA (Noise Contrastive Alignment) on pairs, one value per preference pair. It constrains the log-ratio of each side itself,
 * not only their difference.
 *
 *     r    = beta * (policy - reference)      for each side
 *     loss = -log sigmoid(r.chosen) - log sigmoid(-r.chosen) / 2 - log sigmoid(-r.rejected) / 2
 *
 * The loss is 2 ln 2 where policy and reference agree. Its gradient with respect to `policy.chosen` is
 * `beta * (sigmoid(r.chosen) / 2 - sigmoid(-r.chosen))`, which is 0 at `r.chosen = ln 2`: the chosen side is pulled to this
 * value, a log-ratio of ln 2 / beta nats, from above as well as from below. The gradient with respect to `policy.rejected`
 * is `beta * sigmoid(r.rejected) / 2`: the rejected side is only ever pushed down. {@link nca} is the form for K candidates
 * with rewards.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link NcaPairOptions}.
 * @returns The losses `[B]`, at least 1.5 ln 3 - ln 2 = 0.9547...
 * @throws RangeError if shapes differ or beta is not positive.
 *
 * @example
 * ```ts
 * import { ncaPair } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(ncaPair(logps)[0]!.toFixed(7)); // 1.3387933
 * ```
 *
 * @see Chen et al., "Noise Contrastive Alignment of Language Models with Explicit Rewards", 2024. https://arxiv.org/abs/2402.05369
 */
export function ncaPair<T>(logps: PairLogps<T>, options: NcaPairOptions<T> = {}): T {
  const like = checkPairLogps('ncaPair', logps);
  return scope(logps.policy.chosen, () => {
    const { beta } = readOptions('ncaPair', options, like, {
      beta: perExample(positive, 0.1),
    });
    const { chosen, rejected } = mapPair(logRatios(logps), (ratio) => mul(ratio, beta));
    return add(softplus(neg(chosen)), mul(add(softplus(chosen), softplus(rejected)), 0.5));
  });
}
