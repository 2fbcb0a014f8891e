import { mul, neg, scope, sigmoid } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkPairLogps, marginOf, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link dpoGradientWeight}. */
export interface DpoGradientWeightOptions<T> {
  /** The beta of the loss, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/**
 * The weight of each pair in the gradient of DPO: the probability that the implicit rewards assign to
 * the wrong order.
 *
 *     weight = sigmoid(r_rejected - r_chosen)      with r = beta * (policy - reference)
 *
 * It is 1/2 where policy and reference agree, near 0 for pairs ordered correctly by a wide margin, and near 1 for pairs ordered
 * wrongly by a wide margin. Without offset and label smoothing, the gradient of {@link dpo} with respect to `policy.chosen` is
 * `-beta * weight`.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link DpoGradientWeightOptions}.
 * @returns The weights `[B]`, in [0, 1].
 * @throws RangeError if shapes differ or beta is not positive.
 *
 * @see Rafailov et al., "Direct Preference Optimization", 2023, section 4. https://arxiv.org/abs/2305.18290
 */
export function dpoGradientWeight<T>(logps: PairLogps<T>, options: DpoGradientWeightOptions<T> = {}): T {
  const like = checkPairLogps('dpoGradientWeight', logps, 'any');
  return scope(logps.policy.chosen, () => {
    const { beta } = readOptions('dpoGradientWeight', options, like, {
      beta: perExample(positive, 0.1),
    });
    return sigmoid(neg(mul(marginOf(logps), beta)));
  });
}
