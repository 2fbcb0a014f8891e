import { div, scope, square, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkOptionalReference, marginOf, type OptionalReference } from '../logprobs/pairs.js';

/** Hyperparameters of {@link ipo}. */
export interface IpoOptions<T> {
  /** Strength of the regularisation (tau in the paper), positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/**
 * Identity Preference Optimization loss, one value per preference pair: pulls the margin to a fixed target instead of pushing
 * it up without limit.
 *
 *     loss = (Delta - 1 / (2 * beta))^2
 *     Delta = (policy.chosen - reference.chosen) - (policy.rejected - reference.rejected)
 *
 * Without a reference, `Delta = policy.chosen - policy.rejected`, the `ipo` loss of TRL's CPO trainer. The loss is
 * `1 / (4 * beta^2)` where policy and reference agree, 25 with the default, and 0 at the margin `1 / (2 * beta)`. Its
 * gradient with respect to `policy.chosen` is `2 * (Delta - 1 / (2 * beta))`, and the opposite for `policy.rejected`.
 *
 * Implementations disagree on the log-probs. The paper's formula uses log-probs of whole completions, that is sums, and so do
 * the code of DPO's authors and OpenRLHF. TRL, HALOs and mlx-lm-lora average over tokens; according to TRL, the paper's
 * authors confirmed that the average is intended. This function accepts both: choose with the `reduction` of
 * `sequenceLogProbs`.
 *
 * @param logps - Completion log-probs, each `[B]`: sums in nats, or means in nats per token; with or without a reference.
 * @param options - See {@link IpoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or beta is not positive.
 *
 * @example
 * ```ts
 * import { ipo } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(ipo(logps)[0]); // 9
 * ```
 *
 * @see Azar et al., "A General Theoretical Paradigm to Understand Learning from Human Preferences", 2023, eq. 17.
 *   https://arxiv.org/abs/2310.12036
 */
export function ipo<T>(logps: OptionalReference<T>, options: IpoOptions<T> = {}): T {
  const like = checkOptionalReference('ipo', logps);
  return scope(logps.policy.chosen, () => {
    const { beta } = readOptions('ipo', options, like, { beta: perExample(positive, 0.1) });
    return square(sub(marginOf(logps), div(0.5, beta)));
  });
}
