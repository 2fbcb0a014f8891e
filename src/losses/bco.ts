import { mul, scope, softplus, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { notNegative, positive } from '../internal/domains.js';
import { perExample, readOptions, statistic } from '../internal/options.js';
import { checkLabelledLogps, labelsOf, lossSign, weighByClass, type LabelledLogps } from '../logprobs/labelled.js';

/** Hyperparameters of {@link bco}. */
export interface BcoOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per example `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Where the reward of a good and of a bad answer part, see `rewardShift`: a number, a scalar, or `[B]`. Default 0. */
  readonly delta?: Operand<T>;
  /** Weight of desirable examples, at least 0; a number, a scalar, or one per example `[B]`. Default 1. */
  readonly desirableWeight?: Operand<T>;
  /** Weight of undesirable examples, at least 0; a number, a scalar, or one per example `[B]`. Default 1. */
  readonly undesirableWeight?: Operand<T>;
}

/**
 * BCO (Binary Classifier Optimization), one value per example, desirable or not: a classifier whose logit is the reward.
 *
 *     r    = beta * (policy - reference)
 *     loss = desirableWeight * -log sigmoid(r - delta)          where desirable
 *            undesirableWeight * -log sigmoid(-(r - delta))     elsewhere
 *
 * The loss is ln 2 times the weight where policy and reference agree and delta is 0. Its gradient with respect to `policy`
 * is `-weight * beta * sigmoid(delta - r)` for a desirable example, `weight * beta * sigmoid(r - delta)` for another.
 *
 * delta is a running mean of rewards: see `rewardStatistics` and `rewardShift`, which have both TRL's and the paper's. Through
 * delta alone does BCO depend on the batch. Underlying distribution matching (UDM) weighs each undesirable example by how
 * likely its prompt is among the desirable ones: that is `undesirableWeight`, one per example.
 *
 * @param batch - Summed completion log-probs in nats and labels, each `[B]`; see {@link LabelledLogps}.
 * @param options - See {@link BcoOptions}.
 * @returns The losses `[B]`, in the order of the examples, at least 0.
 * @throws RangeError if shapes differ, an option is outside its range, or `desirable` holds anything but 0 and 1 where it
 *   can be read; elsewhere such an example becomes NaN.
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
