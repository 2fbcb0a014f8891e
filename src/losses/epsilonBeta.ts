import { detached, equal, greater, where } from '../backend/ops.js';
import type { OrPlain } from '../backend/types.js';
import { checkOnlyFields, checkTensor } from '../internal/checks.js';
import { belowOne, positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';

/** Margins for {@link epsilonBeta}: the chosen minus the rejected log-prob of each pair, in nats, `[B]`. */
export type EpsilonBetaMargins<T> = {
  /** Under the policy, whose logits are z. */
  readonly policy: T;
  /** Under the logits `(1 + epsilon) * z - epsilon * zReference`: a step away from the reference. */
  readonly away: OrPlain<NoInfer<T>>;
  /** Under the logits `(1 - epsilon) * z + epsilon * zReference`: a step towards the reference. */
  readonly towards: OrPlain<NoInfer<T>>;
};

/** Hyperparameters of {@link epsilonBeta}. */
export interface EpsilonBetaOptions {
  /** Beta of pairs whose penalty stays, positive. Default 0.1. */
  readonly beta?: number;
  /** Size of the step, in [0, 1), the same as in the margins. Default 0.01, as in the authors' code. */
  readonly epsilon?: number;
}

/**
 * The beta of each pair in epsilon-DPO: smaller if a step away from the reference widens the margin, larger if it narrows it.
 *
 *     beta_i = beta / (1 + epsilon)      where away is above policy, and policy above towards
 *     beta_i = beta / (1 - epsilon)      where away is below policy, and policy below towards
 *     beta_i = beta                      elsewhere
 *
 * Pass the result to {@link dpo} as `beta`. The log-probs of the steps are those of `completionLogProbs` for the mixed logits,
 * so the method needs the reference's logits. The authors also move the base beta after each batch, by the mean of the steps.
 *
 * @param margins - Margins under the policy and one step to either side; see {@link EpsilonBetaMargins}.
 * @param options - See {@link EpsilonBetaOptions}.
 * @returns The betas `[B]`, detached; NaN where a margin is NaN.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { epsilonBeta } from 'prefloss';
 * const margins = { policy: [1, 1, 1], away: [1.1, 0.9, 1.1], towards: [0.9, 1.1, 1.2] };
 * console.log(epsilonBeta(margins, { epsilon: 0.25 }).map((x) => x.toFixed(4))); // [ '0.0800', '0.1333', '0.1000' ]
 * ```
 *
 * @see Lee et al., "KL Penalty Control via Perturbation for Direct Preference Optimization", 2025. https://arxiv.org/abs/2502.13177
 */
export function epsilonBeta<T>(margins: EpsilonBetaMargins<T>, options: EpsilonBetaOptions = {}): T {
  checkOnlyFields('epsilonBeta', 'margins', margins, ['policy', 'away', 'towards']);
  const { policy, away, towards } = margins;
  const like = checkTensor('epsilonBeta', 'policy', policy, { rank: 1 });
  checkTensor('epsilonBeta', 'away', away, { like, orPlain: true });
  checkTensor('epsilonBeta', 'towards', towards, { like, orPlain: true });
  const { beta, epsilon } = readOptions('epsilonBeta', options, like, { beta: number(positive, 0.1), epsilon: number(belowOne, 0.01) });
  return detached(policy, () => {
    const widens = where(greater(away, policy), greater(policy, towards), 0);
    const narrows = where(greater(policy, away), greater(towards, policy), 0);
    const betas = where(widens, beta / (1 + epsilon), where(narrows, beta / (1 - epsilon), beta));
    // Comparisons with NaN are 0, so its beta would look like one that stays.
    const isKnown = where(equal(policy, policy), where(equal(away, away), equal(towards, towards), 0), 0);
    return where(isKnown, betas, NaN) as T;
  });
}
