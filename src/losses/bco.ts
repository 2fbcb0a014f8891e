import { mul, scope, softplus, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { notNegative, positive } from '../internal/domains.js';
import { perExample, readOptions, statistic } from '../internal/options.js';
import { checkLabelledLogps, labelsOf, lossSign, weighByClass, type LabelledLogps } from '../logprobs/labelled.js';

/** Hyperparameters of {@link bco}. */
export interface BcoOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per example `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /**
   * Reward threshold between desirable and undesirable examples, see `rewardShift`; a number, a scalar, or one per example
   * `[B]`. Default 0.
   */
  readonly delta?: Operand<T>;
  /** Weight of desirable examples, at least 0; a number, a scalar, or one per example `[B]`. Default 1. */
  readonly desirableWeight?: Operand<T>;
  /** Weight of undesirable examples, at least 0; a number, a scalar, or one per example `[B]`. Default 1. */
  readonly undesirableWeight?: Operand<T>;
}

/**
 * BCO (Binary Classifier Optimization), one value per unpaired example: a classifier of desirable and undesirable examples
 * whose logit is the shifted reward.
 *
 *     r    = beta * (policy - reference)
 *     loss = desirableWeight * -log sigmoid(r - delta)          where desirable
 *            undesirableWeight * -log sigmoid(-(r - delta))     elsewhere
 *
 * The loss is ln 2 times the weight where policy and reference agree and delta is 0. Its gradient with respect to `policy`
 * is `-weight * beta * sigmoid(delta - r)` for a desirable example, and `weight * beta * sigmoid(r - delta)` for an undesirable
 * one.
 *
 * `delta` is a running mean of rewards; `rewardStatistics` and `rewardShift` compute TRL's mean or the paper's. BCO depends on
 * the batch only through `delta`. Underlying distribution matching (UDM) weights each undesirable example by the odds that
 * its prompt comes from the desirable examples: pass these weights as `undesirableWeight`.
 *
 * @param batch - Summed completion log-probs in nats and `desirable`, each `[B]`; see {@link LabelledLogps}.
 * @param options - See {@link BcoOptions}.
 * @returns The losses `[B]`, in the order of the examples, at least 0.
 * @throws RangeError if shapes differ, an option is outside its range, or a value of `desirable` is not 0 or 1. Where values
 *   cannot be read synchronously (WebGPU, WebGL), the loss of such an example is NaN.
 *
 * @example
 * ```ts
 * import { bco } from 'prefloss';
 * const loss = bco({ policy: [-10, -12], reference: [-11, -11], desirable: [1, 0] });
 * console.log(loss.map((x) => x.toFixed(7))); // 0.6443967,0.6443967
 * ```
 *
 * @see Jung et al., "Binary Classifier Optimization for Large Language Model Alignment", 2024. https://arxiv.org/abs/2404.04656
 */
export function bco<T>(batch: LabelledLogps<T>, options: BcoOptions<T> = {}): T {
  const like = checkLabelledLogps('bco', batch);
  const { policy, reference, desirable } = batch;
  return scope(policy, () => {
    const { beta, delta, desirableWeight, undesirableWeight } = readOptions('bco', options, like, {
      beta: perExample(positive, 0.1),
      delta: statistic(0),
      desirableWeight: perExample(notNegative, 1),
      undesirableWeight: perExample(notNegative, 1),
    });
    const labels = labelsOf(desirable);
    const shifted = sub(mul(sub(policy, reference), beta), delta);
    const loss = softplus(mul(shifted, lossSign(labels)));
    return weighByClass(loss, labels, desirableWeight, undesirableWeight);
  });
}
