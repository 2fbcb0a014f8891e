import { mul, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { labelNoise, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPair, type Pair } from '../logprobs/pairs.js';

/** Hyperparameters of {@link cpo}. */
export interface CpoOptions<T> {
  /** Scale of the margin, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Assumed probability that a preference label is flipped, in [0, 0.5). Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * The contrastive term of CPO (Contrastive Preference Optimization), one value per preference pair: DPO with a uniform
 * reference, so no reference model is needed.
 *
 *     h    = beta * (chosen - rejected)
 *     loss = -(1 - e) * log sigmoid(h) - e * log sigmoid(-h)      with e = labelSmoothing
 *
 * It is ln 2 where `chosen` equals `rejected`. Its gradient with respect to `chosen` is `beta * (e - sigmoid(-h))`, and the
 * opposite for `rejected`.
 *
 * The published loss adds the negative log-likelihood of the chosen side: add `nll` yourself, with the weight you want. In TRL
 * the weight is `cpo_alpha`, 1 by default, and the NLL is averaged over the tokens of the batch.
 * CPO-SimPO is {@link simpo} plus `nll`.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link CpoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { cpo } from 'prefloss';
 * console.log(cpo({ chosen: [-10], rejected: [-12] })[0]!.toFixed(7)); // 0.5981389
 * ```
 *
 * @see Xu et al., "Contrastive Preference Optimization: Pushing the Boundaries of LLM Performance in Machine Translation",
 *   2024, eq. 3. https://arxiv.org/abs/2401.08417
 */
export function cpo<T>(logps: Pair<T>, options: CpoOptions<T> = {}): T {
  const like = checkPair('cpo', 'logps', logps);
  return scope(logps.chosen, () => {
    const { beta, labelSmoothing } = readOptions('cpo', options, like, {
      beta: perExample(positive, 0.1),
      labelSmoothing: number(labelNoise, 0),
    });
    return logistic(mul(sub(logps.chosen, logps.rejected), beta), labelSmoothing);
  });
}
