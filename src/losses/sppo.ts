import { add, div, scope, square, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive, probability } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link sppo}. */
export interface SppoOptions<T> {
  /** Strength of the implicit KL penalty (1 / eta in the paper), positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Probability that the chosen side wins, in [0, 1]; a number, a scalar, or one per pair `[B]`. Default 1: a hard preference. */
  readonly preference?: Operand<T>;
}

/**
 * SPPO (Self-Play Preference Optimization), one value per preference pair: the chosen log-ratio is pulled to a target, the
 * rejected log-ratio to its negative.
 *
 *     rho    = policy - reference      for each side
 *     target = (preference - 1/2) / beta
 *     loss   = (rho.chosen - target)^2 + (rho.rejected + target)^2
 *
 * The loss is `2 * target^2` where policy and reference agree: 50 for the defaults. Its gradient with respect to
 * `policy.chosen` is `2 * (rho.chosen - target)`, with respect to `policy.rejected` `2 * (rho.rejected + target)`.
 *
 * The default is the hard form that TRL calls `sppo_hard`; the paper estimates the preference with a preference model.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link SppoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { sppo } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(sppo(logps)[0], sppo(logps, { preference: 0.5 })[0]); // 32 2
 * ```
 *
 * @see Wu et al., "Self-Play Preference Optimization for Language Model Alignment", 2024, eq. 4.7. https://arxiv.org/abs/2405.00675
 */
export function sppo<T>(logps: PairLogps<T>, options: SppoOptions<T> = {}): T {
  const like = checkPairLogps('sppo', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, preference } = readOptions('sppo', options, like, {
      beta: perExample(positive, 0.1),
      preference: perExample(probability, 1),
    });
    const { chosen, rejected } = logRatios(logps);
    const target = div(sub(preference, 0.5), beta);
    return add(square(sub(chosen, target)), square(add(rejected, target)));
  });
}
