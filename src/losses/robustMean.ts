import { div, logSumExp, mul, scope, sub } from '../backend/ops.js';
import type { ScalarOf } from '../backend/types.js';
import { checkTensor } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';

/** Hyperparameters of {@link robustMean}. */
export interface RobustMeanOptions {
  /** Temperature, positive: the result tends to the smallest loss towards 0, to the plain mean towards infinity. Default 1. */
  readonly betaPrime?: number;
}

/**
 * The mean of Dr.DPO (distributionally robust DPO): pairs with a large loss, which may be mislabelled, weigh less.
 *
 *     value = -betaPrime * log(mean(e^(-losses / betaPrime)))
 *
 * It lies between the smallest loss and the plain mean. Its gradient with respect to `losses_i` is
 * `softmax(-losses / betaPrime)_i`. The authors' code gives Infinity if every loss is above about 745 betaPrime in float64 or
 * 104 betaPrime in float32; this function does not. Rounding errors grow with betaPrime: they are about
 * `1e-7 * betaPrime` in float32.
 *
 * The value depends on the whole batch: it is not a sum or a mean over parts of the batch.
 *
 * @param losses - The losses of a batch, for example of {@link dpo}, `[B]`.
 * @param options - See {@link RobustMeanOptions}.
 * @returns A scalar, finite wherever `losses / betaPrime` is.
 * @throws RangeError if losses is not of rank 1 or is empty, or betaPrime is not positive.
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
  if (like.shape[0] === 0) throw new RangeError('robustMean: losses has shape [0], expected at least one loss');
  const { betaPrime } = readOptions('robustMean', options, like, { betaPrime: number(positive, 1) });
  return scope(losses, () => {
    const total = logSumExp(div(losses, -betaPrime)) as ScalarOf<T>;
    return mul(sub(total, Math.log(like.shape[0]!)), -betaPrime);
  });
}
