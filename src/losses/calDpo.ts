import { add, div, mul, scope, square, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { notNegative, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link calDpo}. */
export interface CalDpoOptions<T> {
  /** Sets the target log-ratios, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Weight of the calibration term, at least 0: 1 in the paper, 0.5 in its authors' code. Default 1. */
  readonly calibrationWeight?: number;
}

/**
 * Cal-DPO (calibrated DPO), one value per preference pair: a contrastive term, plus a calibration term that pulls each
 * log-ratio to a target, so that implicit rewards get the scale of true rewards.
 *
 *     rho  = policy - reference      for each side
 *     loss = -log sigmoid(rho.chosen - rho.rejected)
 *            + calibrationWeight * ((rho.chosen - 1 / (2 * beta))^2 + (rho.rejected + 1 / (2 * beta))^2)
 *
 * There is no beta inside the sigmoid. The loss is `ln 2 + calibrationWeight / (2 * beta^2)` where policy and reference agree:
 * 50.69 with the defaults. Its gradient with respect to `policy.chosen` is
 * `-sigmoid(rho.rejected - rho.chosen) + 2 * calibrationWeight * (rho.chosen - 1 / (2 * beta))`, and with respect to
 * `policy.rejected` `sigmoid(rho.rejected - rho.chosen) + 2 * calibrationWeight * (rho.rejected + 1 / (2 * beta))`.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link CalDpoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { calDpo } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(calDpo(logps)[0]!.toFixed(7)); // 32.1269280
 * ```
 *
 * @see Xiao et al., "Cal-DPO: Calibrated Direct Preference Optimization for Language Model Alignment", 2024. https://arxiv.org/abs/2412.14516
 */
export function calDpo<T>(logps: PairLogps<T>, options: CalDpoOptions<T> = {}): T {
  const like = checkPairLogps('calDpo', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, calibrationWeight } = readOptions('calDpo', options, like, {
      beta: perExample(positive, 0.1),
      calibrationWeight: number(notNegative, 1),
    });
    const { chosen, rejected } = logRatios(logps);
    const target = div(0.5, beta);
    const calibration = add(square(sub(chosen, target)), square(add(rejected, target)));
    return add(logistic(sub(chosen, rejected)), mul(calibration, calibrationWeight));
  });
}
