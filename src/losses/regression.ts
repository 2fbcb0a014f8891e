import { abs, mul, scope, square, sub } from '../backend/ops.js';
import type { Operand, OrPlain } from '../backend/types.js';
import { checkTensor, checkValues, poisonOutside } from '../internal/checks.js';
import { finite, positive } from '../internal/domains.js';
import { choice, perExample, readOptions } from '../internal/options.js';
import { checkCompletions } from '../logprobs/completions.js';
import type { UnpairedLogps } from '../logprobs/pairs.js';

/** A batch of completions with targets for {@link regression}. */
export type RegressionBatch<T> = UnpairedLogps<T> & {
  /** The reward that each completion should get, finite, `[B]`; a tensor, or a plain list. */
  readonly target: OrPlain<NoInfer<T>>;
};

/** Hyperparameters of {@link regression}. */
export interface RegressionOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per completion `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** What is minimized: the `'squared'` or the `'absolute'` difference. Default `'squared'`. */
  readonly error?: 'squared' | 'absolute';
}

/**
 * Regression of the implicit reward onto a target, one value per completion. It learns from a reward of each single completion, where
 * `dpo` needs pairs.
 *
 *     rho  = policy - reference
 *     loss = (target - beta * rho)^2
 *
 * With the `'absolute'` error it is `|target - beta * rho|`. The optimal policy of reward maximization with a KL penalty has
 * `beta * rho = reward - V`, where `V = beta * log Z` belongs to the prompt alone. So the target is the reward minus an estimate of `V`:
 *
 * - A*-PO estimates `V` with `optimalValue` from rewards of samples of the reference;
 * - `qrpo` knows it exactly, because it replaces the reward by its quantile;
 * - DRO trains a value model for it, and halves the loss.
 *
 * The gradient with respect to `policy` is `-2 * beta * (target - beta * rho)`, or `-beta * sign(target - beta * rho)` for the absolute
 * error.
 *
 * @param batch - Summed completion log-probs in nats, and targets in the unit of the reward; see {@link RegressionBatch}.
 * @param options - See {@link RegressionOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, an option is outside its range, or a target is not finite. Where values cannot be read
 *   synchronously (WebGPU, WebGL), the loss of such a completion is NaN.
 *
 * @example
 * ```ts
 * import { regression } from 'prefloss';
 * const loss = regression({ policy: [-10, -12], reference: [-11, -11], target: [0.5, -0.5] });
 * console.log(loss.map((x) => x.toFixed(7))); // 0.1600000,0.1600000
 * ```
 *
 * @see Brantley et al., "Accelerating RL for LLM Reasoning with Optimal Advantage Regression", 2025 (A*-PO).
 *   https://arxiv.org/abs/2505.20686
 * @see Richemond et al., "Offline Regularised Reinforcement Learning for Large Language Models Alignment", 2024 (DRO).
 *   https://arxiv.org/abs/2405.19107
 */
export function regression<T>(batch: RegressionBatch<T>, options: RegressionOptions<T> = {}): T {
  const like = checkCompletions('regression', batch, ['target']);
  const { policy, reference } = batch;
  const target = checkTensor('regression', 'target', batch.target as T, { like, orPlain: true });
  checkValues('regression', target, finite);
  return scope(policy, () => {
    const { beta, error } = readOptions('regression', options, like, {
      beta: perExample(positive, 0.1),
      error: choice(['squared', 'absolute']),
    });
    const difference = sub(poisonOutside(target.value, finite), mul(sub(policy, reference), beta));
    return error === 'squared' ? square(difference) : abs(difference);
  });
}
