import { relu, scope, sub } from '../backend/ops.js';
import { finite } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { checkPair, type Pair } from '../logprobs/pairs.js';

/** Hyperparameters of {@link repo}. */
export interface RepoOptions {
  /** Margin that the chosen side must win by, in nats per token; the authors use 0.4 and 0.6 (`gamma_beta_ratio` in their code). */
  readonly gamma: number;
}

/**
 * RePO (ReLU-based Preference Optimization), one value per preference pair: the limit of {@link simpo}, divided by its beta, for a
 * large beta and a fixed `gammaBetaRatio`. No reference model is needed.
 *
 *     loss = max(0, gamma - (chosen - rejected))
 *
 * The loss is `max(0, gamma)` where `chosen` equals `rejected`. Its gradient with respect to `chosen` is -1 where the margin is
 * less than gamma, otherwise 0, and the opposite for `rejected`.
 *
 * It equals `gamma` times {@link hinge} of the policy alone, with a beta of `1 / gamma`, for a positive gamma.
 *
 * @param logps - Mean completion log-probs in nats per token, each `[B]`.
 * @param options - See {@link RepoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws TypeError if gamma is missing.
 * @throws RangeError if shapes differ or gamma is not finite.
 *
 * @example
 * ```ts
 * import { repo } from 'prefloss';
 * console.log(repo({ chosen: [-0.75], rejected: [-1] }, { gamma: 0.5 })[0]); // 0.25
 * ```
 *
 * @see Wu et al., "RePO: Understanding Preference Learning Through ReLU-Based Optimization", 2025. https://arxiv.org/abs/2503.07426
 */
export function repo<T>(logps: Pair<T>, options: RepoOptions): T {
  const like = checkPair('repo', 'logps', logps);
  return scope(logps.chosen, () => {
    const { gamma } = readOptions('repo', options, like, { gamma: number(finite) });
    return relu(sub(gamma, sub(logps.chosen, logps.rejected)));
  });
}
