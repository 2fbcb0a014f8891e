import { mul, neg, relu, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { notNegative, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPairLogps, logRatios, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link dpop}. */
export interface DpopOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Weight of the penalty on a chosen side that is less likely than under the reference, at least 0. Default 50. */
  readonly lambda?: number;
}

/**
 * DPO-Positive (DPOP, used for the Smaug models), one value per preference pair: DPO with a penalty on the margin if the chosen
 * side is less likely under the policy than under the reference.
 *
 *     rho  = policy - reference      for each side
 *     loss = -log sigmoid(beta * (rho.chosen - rho.rejected - lambda * max(0, -rho.chosen)))
 *
 * It is ln 2 where policy and reference agree, and equals {@link dpo} at lambda 0. With z the argument of the sigmoid, its
 * gradient with respect to `policy.chosen` is `-beta * sigmoid(-z)`, times `1 + lambda` where `rho.chosen` is negative. At the
 * kink, where `rho.chosen` is 0, the factor is 1. With respect to `policy.rejected` the gradient is `beta * sigmoid(-z)`.
 *
 * The paper has the penalty inside the sigmoid, multiplied by beta. mlx-lm-lora adds it outside the sigmoid and without beta:
 * `dpo + lambda * max(0, -rho.chosen)`, which is larger wherever the penalty is not 0 and beta is at most 1.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link DpopOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { dpop } from 'prefloss';
 * const logps = { policy: { chosen: [-12], rejected: [-14] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(dpop(logps, { lambda: 5 })[0]!.toFixed(7)); // 0.8543552
 * ```
 *
 * @see Pal et al., "Smaug: Fixing Failure Modes of Preference Optimisation with DPO-Positive", 2024. https://arxiv.org/abs/2402.13228
 */
export function dpop<T>(logps: PairLogps<T>, options: DpopOptions<T> = {}): T {
  const like = checkPairLogps('dpop', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, lambda } = readOptions('dpop', options, like, {
      beta: perExample(positive, 0.1),
      lambda: number(notNegative, 50),
    });
    const { chosen, rejected } = logRatios(logps);
    const margin = sub(sub(chosen, rejected), mul(relu(neg(chosen)), lambda));
    return logistic(mul(margin, beta));
  });
}
