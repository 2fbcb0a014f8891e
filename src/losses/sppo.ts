import { add, div, scope, square, sub } from '../backend/ops.js';
import { checkOptions, checkPerExample, poisonOutside } from '../internal/checks.js';
import { positive, probability } from '../internal/domains.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link sppo}. */
export interface SppoOptions<T> {
  /** Strength of the implicit KL penalty (1 / eta in the paper), positive; one number or one per pair `[B]`. Default 0.1. */
  readonly beta?: number | T;
  /** Probability that the chosen side wins, in [0, 1]; one number or one per pair `[B]`. Default 1: a hard preference. */
  readonly preference?: number | T;
}

/**
 * SPPO (Self-Play Preference Optimization), one value per preference pair: each log-ratio is drawn to a target of its own.
 *
 *     rho    = policy - reference, of each side
 *     target = (preference - 1/2) / beta
 *     loss   = (rho.chosen - target)^2 + (rho.rejected + target)^2
 *
 * It is `2 * target^2` where policy and reference agree: 50 for the defaults. Its gradient with respect to `policy.chosen`
 * is `2 * (rho.chosen - target)`, with respect to `policy.rejected` `2 * (rho.rejected + target)`.
 *
 * The default is the hard form that TRL calls `sppo_hard`; the paper estimates the preference with a model of it.
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
  checkOptions('sppo', options, ['beta', 'preference']);
  const { beta = 0.1, preference = 1 } = options;
  checkPairLogps('sppo', logps);
  const like = ['policy.chosen', logps.policy.chosen] as const;
  checkPerExample('sppo', 'beta', beta, positive, like);
  checkPerExample('sppo', 'preference', preference, probability, like);

  return scope(logps.policy.chosen, () => {
    const target = div(sub(poisonOutside(preference, probability), 0.5), poisonOutside(beta, positive));
    const { chosen, rejected } = logRatios(logps);
    return add(square(sub(chosen, target)), square(add(rejected, target)));
  });
}
