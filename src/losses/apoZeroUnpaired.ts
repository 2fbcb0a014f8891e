import { mul, scope, sigmoid, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { notNegative, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { checkLabelledLogps, labelsOf, lossSign, weighByClass, type LabelledLogps } from '../logprobs/labelled.js';

/** Hyperparameters of {@link apoZeroUnpaired}. */
export interface ApoZeroUnpairedOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per example `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Weight of desirable examples, at least 0. Default 1. */
  readonly desirableWeight?: number;
  /** Weight of undesirable examples, at least 0. Default 1. */
  readonly undesirableWeight?: number;
}

/**
 * APO-zero on unpaired examples, one value per example: {@link kto} with `kl = 0`.
 *
 *     r    = beta * (policy - reference)
 *     loss = desirableWeight * sigmoid(-r)         where desirable
 *            undesirableWeight * sigmoid(r)        elsewhere
 *
 * The loss is half the weight where policy and reference agree. Its gradient with respect to `policy` is
 * `-weight * beta * sigmoid(r) * sigmoid(-r)` for a desirable example, and the opposite for an undesirable one. With weights
 * of 1, the losses of a desirable and an undesirable example add up to {@link apoZero} of the two as a pair.
 *
 * @param batch - Summed completion log-probs in nats and `desirable`, each `[B]`; see {@link LabelledLogps}.
 * @param options - See {@link ApoZeroUnpairedOptions}.
 * @returns The losses `[B]`, in the order of the examples, in [0, weight].
 * @throws RangeError if shapes differ, an option is outside its range, or a value of `desirable` is not 0 or 1. Where values
 *   cannot be read synchronously (WebGPU, WebGL), the loss of such an example is NaN.
 *
 * @example
 * ```ts
 * import { apoZeroUnpaired } from 'prefloss';
 * const loss = apoZeroUnpaired({ policy: [-10, -12], reference: [-11, -11], desirable: [1, 0] });
 * console.log(loss.map((x) => x.toFixed(7))); // 0.4750208,0.4750208
 * ```
 *
 * @see D'Oosterlinck et al., "Anchored Preference Optimization and Contrastive Revisions", 2024, eq. 7. https://arxiv.org/abs/2408.06266
 */
export function apoZeroUnpaired<T>(batch: LabelledLogps<T>, options: ApoZeroUnpairedOptions<T> = {}): T {
  const like = checkLabelledLogps('apoZeroUnpaired', batch);
  const { policy, reference, desirable } = batch;
  return scope(policy, () => {
    const { beta, desirableWeight, undesirableWeight } = readOptions('apoZeroUnpaired', options, like, {
      beta: perExample(positive, 0.1),
      desirableWeight: number(notNegative, 1),
      undesirableWeight: number(notNegative, 1),
    });
    const labels = labelsOf(desirable);
    const reward = mul(sub(policy, reference), beta);
    return weighByClass(sigmoid(mul(reward, lossSign(labels))), labels, desirableWeight, undesirableWeight);
  });
}
