import { div, logSumExp, mul, scope, sub } from '../backend/ops.js';
import type { ScalarOf } from '../backend/types.js';
import { checkTensor } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';

/** Hyperparameters of {@link robustMean}. */
export interface RobustMeanOptions {
  /** How much pairs of a large loss are left out: towards 0 only the smallest counts, towards infinity all alike. Default 1. */
  readonly betaPrime?: number;
}

/**
 * The mean of Dr.DPO (distributionally robust DPO): pairs of a large loss, which may be labelled wrongly, weigh less.
 *
 *     value = -betaPrime * log(mean(e^(-losses / betaPrime)))
 *
 * It is the loss itself where all are equal, and never above the plain mean. Its gradient with respect to `losses_i` is
 * `softmax(-losses / betaPrime)_i`. The authors' code is infinite where every loss is above 745 betaPrime; this is not.
 *
 * The value depends on the whole batch and is no sum over its parts.
 *
 * @param losses - The losses of a batch, for example of {@link dpo}, `[B]`.
 * @param options - See {@link RobustMeanOptions}.
 * @returns A scalar.
 * @throws RangeError if losses is not of rank 1 or betaPrime is not positive.
 *
 * @example
 * ```ts
 * import { robustMean } from 'prefloss';
 * console.log(robustMean([0.5, 0.75, 4]).toFixed(7), robustMean([0.5, 0.5])); // 1.0058391 0.5
 * ```
 *
 * @see Wu et al., "Towards Robust Alignment of Language Models: Distributionally Robustifying Direct Preference Optimization",
 *   2024. https://arxiv.org/abs/2407.07880
 */
export function robustMean<T>(losses: T, options: RobustMeanOptions = {}): ScalarOf<T> {
  const like = checkTensor('robustMean', 'losses', losses, { rank: 1 });
  const { betaPrime } = readOptions('robustMean', options, like, { betaPrime: number(positive, 1) });
  return scope(losses, () => {
    const total = logSumExp(div(losses, -betaPrime)) as ScalarOf<T>;
    return mul(sub(total, Math.log(like.shape[0]!)), -betaPrime);
  });
}
