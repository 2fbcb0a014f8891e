import { exp, expm1, greater, scope, sub, where } from '../backend/ops.js';
import { readOptions } from '../internal/options.js';
import { checkAtMostZero, checkPair, mapPair, noneAboveZero, type Pair } from '../logprobs/pairs.js';

/**
 * SimPER (preference optimization by inverse perplexity), one value per preference pair. It needs neither a reference model
 * nor a hyperparameter.
 *
 *     loss = -e^chosen + e^rejected
 *
 * The exponential of a mean log-prob is the inverse perplexity. The loss is 0 where `chosen` equals `rejected`. Its gradient
 * with respect to `chosen` is `-e^chosen`, with respect to `rejected` `e^rejected`.
 *
 * @param logps - Mean completion log-probs in nats per token, at most 0, each `[B]`.
 * @param options - None; any option is an error.
 * @returns The losses `[B]`, in [-1, 1].
 * @throws RangeError if shapes differ, an option is given, or a log-prob is above 0 by more than rounding (1e-3). Where values
 *   cannot be read synchronously (WebGPU, WebGL), the loss of such a pair is NaN.
 *
 * @example
 * ```ts
 * import { simper } from 'prefloss';
 * console.log(simper({ chosen: [-0.5], rejected: [-1.5] })[0]!.toFixed(7)); // -0.3834005
 * ```
 *
 * @see Xiao et al., "SimPER: A Minimalist Approach to Preference Alignment without Hyperparameters", 2025. https://arxiv.org/abs/2502.00883
 */
export function simper<T>(logps: Pair<T>, options: Readonly<Record<string, never>> = {}): T {
  const like = checkPair('simper', 'logps', logps);
  checkAtMostZero('simper', logps);
  return scope(logps.chosen, () => {
    readOptions('simper', options, like, {});
    const { chosen, rejected } = mapPair(logps, noneAboveZero);
    // If both log-probs are near 0, both powers are near 1, and their difference loses the digits that `expm1` keeps.
    const isNear = greater(chosen, -1);
    return where(isNear, sub(expm1(rejected), expm1(chosen)), sub(exp(rejected), exp(chosen)));
  });
}
