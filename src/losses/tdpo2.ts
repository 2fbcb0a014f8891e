import { mul, scope, stopGradient, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { notNegative, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { marginOf } from '../logprobs/pairs.js';
import { checkTdpoBatch, type TdpoBatch } from '../logprobs/tdpo.js';

/** Hyperparameters of {@link tdpo2}. */
export interface Tdpo2Options<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Weight of the sequential KL divergences, at least 0. Default 0.5. */
  readonly alpha?: number;
}

/**
 * TDPO2 (token-level DPO), one value per preference pair: DPO with the sequential KL divergences of both sides in the margin;
 * the divergence of the chosen side is detached.
 *
 *     Delta = (policy.chosen - reference.chosen) - (policy.rejected - reference.rejected)
 *     loss  = -log sigmoid(beta * (Delta - alpha * (sequentialKl.rejected - sg(sequentialKl.chosen))))
 *
 * where `sg` stops the gradient. The loss is ln 2 where policy and reference agree, and {@link dpo} at alpha 0. With z the
 * argument of the sigmoid, its gradient is `-beta * sigmoid(-z)` with respect to `policy.chosen`, the opposite for
 * `policy.rejected`, `alpha * beta * sigmoid(-z)` with respect to `sequentialKl.rejected`, and 0 with respect to
 * `sequentialKl.chosen`.
 *
 * @param batch - Summed completion log-probs and sequential KL divergences in nats, each `[B]`; see {@link TdpoBatch}.
 * @param options - See {@link Tdpo2Options}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { tdpo2 } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(tdpo2({ ...logps, sequentialKl: { chosen: [0.5], rejected: [1.5] } })[0]!.toFixed(7)); // 0.6209570
 * ```
 *
 * @see Zeng et al., "Token-level Direct Preference Optimization", 2024. https://arxiv.org/abs/2404.11999
 */
export function tdpo2<T>(batch: TdpoBatch<T>, options: Tdpo2Options<T> = {}): T {
  const like = checkTdpoBatch('tdpo2', batch);
  return scope(batch.policy.chosen, () => {
    const { beta, alpha } = readOptions('tdpo2', options, like, { beta: perExample(positive, 0.1), alpha: number(notNegative, 0.5) });
    const { chosen, rejected } = batch.sequentialKl;
    const divergence = sub(rejected, stopGradient(chosen));
    return logistic(mul(sub(marginOf(batch), mul(divergence, alpha)), beta));
  });
}
