import { mul, scope, sub } from '../backend/ops.js';
import { labelNoise, positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { targetMargin, targetMarginReaders, type TargetMargin } from '../internal/targetMargin.js';
import { checkPair, type Pair } from '../logprobs/pairs.js';

/** Hyperparameters of {@link simpo}. */
export type SimpoOptions = {
  /** Scale of the rewards, positive; the paper uses 2 to 10. */
  readonly beta: number;
  /** Assumed probability that a preference label is flipped, in [0, 0.5). Default 0. */
  readonly labelSmoothing?: number;
} & TargetMargin;

/**
 * SimPO (Simple Preference Optimization), one value per preference pair. The rewards are length-averaged log-probs; no reference
 * model is needed.
 *
 *     h    = beta * (chosen - rejected) - gamma
 *     loss = -(1 - e) * log sigmoid(h) - e * log sigmoid(-h)      with e = labelSmoothing
 *
 * The target margin is given either as `gamma` or as `gammaBetaRatio`, with `gamma = beta * gammaBetaRatio`: libraries differ,
 * so exactly one of the two is required. Without label smoothing, the loss is `log(1 + e^gamma)` where `chosen` equals
 * `rejected`. Its gradient with respect to `chosen` is `beta * (e - sigmoid(-h))`, and the opposite for `rejected`.
 *
 * Nothing checks that log-probs are at most 0: only their difference matters.
 *
 * @param logps - Mean completion log-probs in nats per token, each `[B]`.
 * @param options - See {@link SimpoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, an option is outside its range, or not exactly one of `gamma` and `gammaBetaRatio` is
 *   given.
 *
 * @example
 * ```ts
 * import { simpo } from 'prefloss';
 * const logps = { chosen: [-0.5], rejected: [-1.5] };
 * console.log(simpo(logps, { beta: 2, gamma: 1 })[0]!.toFixed(7)); // 0.3132617
 * console.log(simpo(logps, { beta: 2, gammaBetaRatio: 0.5 })[0]!.toFixed(7)); // 0.3132617
 * ```
 *
 * @see Meng, Xia and Chen, "SimPO: Simple Preference Optimization with a Reference-Free Reward", 2024, eq. 6. https://arxiv.org/abs/2405.14734
 */
export function simpo<T>(logps: Pair<T>, options: SimpoOptions): T {
  const like = checkPair('simpo', 'logps', logps);
  return scope(logps.chosen, () => {
    const read = readOptions('simpo', options, like, {
      beta: number(positive),
      labelSmoothing: number(labelNoise, 0),
      ...targetMarginReaders(),
    });
    const gamma = targetMargin('simpo', read);
    const scaled = mul(sub(logps.chosen, logps.rejected), read.beta);
    return logistic(gamma === 0 ? scaled : sub(scaled, gamma), read.labelSmoothing);
  });
}
