import { mul, relu, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkOptionalReference, marginOf, type OptionalReference } from '../logprobs/pairs.js';

/** Hyperparameters of {@link hinge}. */
export interface HingeOptions<T> {
  /** Inverse of the required margin, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/**
 * Hinge loss on the margin, one value per preference pair: `hinge-norm` in the RSO paper, which is SLiC normalised by the
 * reference. Without a reference, it is the `hinge` loss of TRL's CPO trainer.
 *
 *     loss = max(0, 1 - h)
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *
 * Without a reference, `h = beta * (policy.chosen - policy.rejected)`. The loss is 1 where policy and reference agree, and
 * 0 where the margin is at least `1 / beta`. Its gradient with respect to `policy.chosen` is `-beta` where the margin is smaller
 * and 0 elsewhere, and the opposite for `policy.rejected`.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`, with or without a reference.
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
  const like = checkOptionalReference('hinge', logps);
  return scope(logps.policy.chosen, () => {
    const { beta } = readOptions('hinge', options, like, { beta: perExample(positive, 0.1) });
    return relu(sub(1, mul(marginOf(logps), beta)));
  });
}
