import { mul, scope, sigmoid, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { checkPerExampleShape } from '../internal/checks.js';
import { notNegative, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { checkLabelledLogps, labelsOf, lossSign, weighByClass, type LabelledLogps } from '../logprobs/labelled.js';

/** A batch of unpaired examples for {@link kto}. */
export type KtoBatch<T> = LabelledLogps<T> & {
  /** KL estimate from mismatched completions, in nats, see `klEstimate`; a number, a scalar, or one per example `[B]`. */
  readonly kl: Operand<NoInfer<T>>;
};

/** Hyperparameters of {@link kto}. */
export interface KtoOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per example `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Weight of desirable examples (lambda_D), at least 0. Default 1. */
  readonly desirableWeight?: number;
  /** Weight of undesirable examples (lambda_U), at least 0. Default 1. */
  readonly undesirableWeight?: number;
}

/**
 * Kahneman-Tversky Optimization loss, one value per unpaired example.
 *
 *     rho  = policy - reference
 *     loss = desirableWeight * sigmoid(-beta * (rho - kl))        where desirable
 *            undesirableWeight * sigmoid(-beta * (kl - rho))      elsewhere
 *
 * The loss is half the weight where policy and reference agree and `kl` is 0. With `s` the value of the sigmoid and `w` the
 * weight, its gradient with respect to `policy` is `-w * beta * s * (1 - s)` for a desirable example, and the opposite for an
 * undesirable one. The paper writes the same loss as `w - w * (1 - s)`.
 *
 * This function does not detach `kl`. The paper does: pass a number or the result of `klEstimate`, which is detached.
 *
 * KTO depends on the batch only through `kl`. If `kl` is computed over the whole batch, the batch can be split into parts
 * without changing any loss.
 *
 * @param batch - Summed completion log-probs in nats, `desirable` and `kl`; see {@link KtoBatch}.
 * @param options - See {@link KtoOptions}.
 * @returns The losses `[B]`, in the order of the examples, in [0, weight].
 * @throws RangeError if shapes differ, an option is outside its range, or a value of `desirable` is not 0 or 1. Where values
 *   cannot be read synchronously (WebGPU, WebGL), the loss of such an example is NaN.
 *
 * @example
 * ```ts
 * import { kto } from 'prefloss';
 * const loss = kto({ policy: [-10, -12], reference: [-11, -11], desirable: [1, 0], kl: 0 });
 * console.log(loss.map((x) => x.toFixed(7))); // 0.4750208,0.4750208
 * ```
 *
 * @see Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization", 2024, eq. 8. https://arxiv.org/abs/2402.01306
 */
export function kto<T>(batch: KtoBatch<T>, options: KtoOptions<T> = {}): T {
  const like = checkLabelledLogps('kto', batch, ['kl']);
  const { policy, reference, desirable, kl } = batch;
  checkPerExampleShape('kto', 'kl', kl, like);
  return scope(policy, () => {
    const { beta, desirableWeight, undesirableWeight } = readOptions('kto', options, like, {
      beta: perExample(positive, 0.1),
      desirableWeight: number(notNegative, 1),
      undesirableWeight: number(notNegative, 1),
    });
    const labels = labelsOf(desirable);
    const excess = mul(sub(sub(policy, reference), kl), beta);
    // 1 - sigmoid(z) is written sigmoid(-z), which does not cancel.
    const loss = sigmoid(mul(excess, lossSign(labels)));
    return weighByClass(loss, labels, desirableWeight, undesirableWeight);
  });
}
