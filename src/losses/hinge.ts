import { mul, relu, scope, sub } from '../backend/ops.js';
import { checkOptions, checkPerExample, poisonOutside } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { checkOptionalReference, marginOf, type OptionalReference } from '../logprobs/pairs.js';

/** Hyperparameters of {@link hinge}. */
export interface HingeOptions<T> {
  /** Inverse of the margin that is asked for, positive; one number or one per pair `[B]`. Default 0.1. */
  readonly beta?: number | T;
}

/**
 * Hinge loss on the margin, one value per preference pair: RSO's `hinge-norm` and the normalised form of SLiC; without a
 * reference, what CPO trainers call `hinge`.
 *
 *     loss = max(0, 1 - h)
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *
 * Without a reference, `h = beta * (policy.chosen - policy.rejected)`. The loss is 1 where policy and reference agree, and
 * 0 from the margin `1 / beta` on. Its gradient with respect to `policy.chosen` is `-beta` below that, and 0 from there.
 *
 * @param logps - Completion log-probs, each `[B]`, in nats: sums.
 * @param options - See {@link HingeOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or beta is not positive.
 *
 * @example
 * ```ts
 * import { hinge } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(hinge(logps, { beta: 0.25 })[0]); // 0.5
 * ```
 *
 * @see Liu et al., "Statistical Rejection Sampling Improves Preference Optimization", 2023 (hinge-norm).
 *   https://arxiv.org/abs/2309.06657
 */
export function hinge<T>(logps: OptionalReference<T>, options: HingeOptions<T> = {}): T {
  checkOptions('hinge', options, ['beta']);
  const { beta = 0.1 } = options;
  checkOptionalReference('hinge', logps);
  const { chosen, rejected } = logps.policy;
  checkPerExample('hinge', 'beta', beta, positive, ['policy.chosen', chosen]);

  return scope(chosen, () => {
    const margin = logps.reference ? marginOf(logps) : sub(chosen, rejected);
    return relu(sub(1, mul(margin, poisonOutside(beta, positive))));
  });
}
