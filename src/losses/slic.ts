import { add, mul, relu, scope, sub } from '../backend/ops.js';
import { notNegative } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { checkPair, type Pair } from '../logprobs/pairs.js';

/** Hyperparameters of {@link slic}. */
export interface SlicOptions {
  /** Margin in nats by which the chosen side must win, at least 0. Default 1. */
  readonly delta?: number;
  /** Weight of the regulariser, the negative log-prob of the chosen side, at least 0. Default 0.1. */
  readonly lambda?: number;
}

/**
 * SLiC-HF (Sequence Likelihood Calibration), one value per preference pair: a hinge on the difference of the log-probs, plus
 * the negative log-prob of the chosen side. No reference model is needed.
 *
 *     loss = max(0, delta - chosen + rejected) - lambda * chosen
 *
 * Its gradient with respect to `chosen` is `-1 - lambda` if `chosen - rejected` is below delta, otherwise `-lambda`; with
 * respect to `rejected` it is 1 or 0. At the kink, the gradient of the hinge is 0.
 *
 * The regulariser of the paper may be computed on another target than the chosen side: for that, set lambda to 0 and add the
 * other term. The `slic` loss of HALOs adds its hinges `[B]` to the token log-probs of the regulariser `[B, T]` without
 * summing over the tokens, so PyTorch broadcasts the two or fails; it agrees with this function for one pair of completions
 * of one token.
 *
 * Nothing checks that log-probs are at most 0; the formula is computed for any numbers.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link SlicOptions}.
 * @returns The losses `[B]`, at least 0 for log-probs of at most 0.
 * @throws RangeError if shapes differ or an option is negative.
 *
 * @example
 * ```ts
 * import { slic } from 'prefloss';
 * console.log(slic({ chosen: [-10], rejected: [-10.5] })[0]); // 1.5
 * ```
 *
 * @see Zhao et al., "SLiC-HF: Sequence Likelihood Calibration with Human Feedback", 2023. https://arxiv.org/abs/2305.10425
 */
export function slic<T>(logps: Pair<T>, options: SlicOptions = {}): T {
  const like = checkPair('slic', 'logps', logps);
  return scope(logps.chosen, () => {
    const { delta, lambda } = readOptions('slic', options, like, { delta: number(notNegative, 1), lambda: number(notNegative, 0.1) });
    const { chosen, rejected } = logps;
    const calibration = relu(add(sub(rejected, chosen), delta));
    return lambda === 0 ? calibration : sub(calibration, mul(chosen, lambda));
  });
}
