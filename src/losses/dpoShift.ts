import { mul, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { fraction, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link dpoShift}. */
export interface DpoShiftOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Weight of the rejected log-ratio, in (0, 1]; 1 is {@link dpo}. The authors' runs use 0.55 to 0.95. */
  readonly lambda: number;
}

/**
 * DPO-Shift, one value per preference pair: DPO in which the rejected side counts less, so that the chosen side is less likely
 * to lose likelihood along with it, at the cost of a smaller margin.
 *
 *     rho  = policy - reference      for each side
 *     loss = -log sigmoid(beta * (rho.chosen - lambda * rho.rejected))
 *
 * The loss is ln 2 where policy and reference agree. With z the argument of the sigmoid, its gradient with respect to
 * `policy.chosen` is `-beta * sigmoid(-z)`, and with respect to `policy.rejected` `lambda * beta * sigmoid(-z)`.
 *
 * The authors' code can also change lambda linearly during training.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link DpoShiftOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { dpoShift } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(dpoShift(logps, { lambda: 0.75 })[0]!.toFixed(7)); // 0.6094704
 * ```
 *
 * @see Yang et al., "DPO-Shift: Shifting the Distribution of Direct Preference Optimization", 2025. https://arxiv.org/abs/2502.07599
 */
export function dpoShift<T>(logps: PairLogps<T>, options: DpoShiftOptions<T>): T {
  const like = checkPairLogps('dpoShift', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, lambda } = readOptions('dpoShift', options, like, { beta: perExample(positive, 0.1), lambda: number(fraction) });
    const { chosen, rejected } = logRatios(logps);
    return logistic(mul(sub(chosen, mul(rejected, lambda)), beta));
  });
}
