import { add, mul, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { marginOf } from '../logprobs/pairs.js';
import { checkTdpoBatch, type TdpoBatch } from '../logprobs/tdpo.js';

/** Hyperparameters of {@link tdpo1}. */
export interface Tdpo1Options<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/**
 * TDPO1 (token-level DPO), one value per preference pair: DPO with the sequential KL divergences of both sides in the margin.
 *
 *     Delta = (policy.chosen - reference.chosen) - (policy.rejected - reference.rejected)
 *     loss  = -log sigmoid(beta * (Delta - (sequentialKl.rejected - sequentialKl.chosen)))
 *
 * The loss is ln 2 where policy and reference agree. With z the argument of the sigmoid, its gradient with respect to
 * `policy.chosen` and to `sequentialKl.chosen` is `-beta * sigmoid(-z)`, and the opposite for the rejected side. The
 * divergences depend on the policy, too: do not detach them.
 *
 * @param batch - Summed completion log-probs and sequential KL divergences in nats, each `[B]`; see {@link TdpoBatch}.
 * @param options - See {@link Tdpo1Options}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or beta is not positive.
 *
 * @example
 * ```ts
 * import { tdpo1 } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(tdpo1({ ...logps, sequentialKl: { chosen: [0.5], rejected: [1.5] } })[0]!.toFixed(7)); // 0.6443967
 * ```
 *
 * @see Zeng et al., "Token-level Direct Preference Optimization", 2024. https://arxiv.org/abs/2404.11999
 */
export function tdpo1<T>(batch: TdpoBatch<T>, options: Tdpo1Options<T> = {}): T {
  const like = checkTdpoBatch('tdpo1', batch);
  return scope(batch.policy.chosen, () => {
    const { beta } = readOptions('tdpo1', options, like, { beta: perExample(positive, 0.1) });
    const { chosen, rejected } = batch.sequentialKl;
    return logistic(mul(add(marginOf(batch), sub(chosen, rejected)), beta));
  });
}
