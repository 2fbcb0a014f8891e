import { log1mexp, scope, sub } from '../backend/ops.js';
import { checkAtMostZero, checkPair, mapPair, noneAboveZero, type Pair } from './pairs.js';

/**
 * The log of ORPO's odds ratio, one value per preference pair: how much larger the odds of the chosen side are, `p / (1 - p)` with
 * `p = e^chosen`.
 *
 *     log odds = (chosen - rejected) - (log(1 - e^chosen) - log(1 - e^rejected))
 *
 * It is 0 where `chosen` equals `rejected`. Its gradient with respect to `chosen` is `1 / (1 - e^chosen)`, with respect to `rejected`
 * `-1 / (1 - e^rejected)`. Inside `log(1 - e^x)`, x above -1e-30 counts as -1e-30, so value and gradient stay finite.
 *
 * TRL's ORPO trainer logs its mean as `log_odds_chosen`, and the mean of its log sigmoid as `log_odds_ratio`.
 *
 * @param logps - Mean completion log-probs in nats per token, at most 0, each `[B]`.
 * @returns The log odds `[B]`; differentiable.
 * @throws RangeError if shapes differ, or a log-prob is above 0 by more than rounding (1e-3); where values cannot be read synchronously
 *   (WebGPU, WebGL), the value of such a pair is NaN.
 *
 * @example
 * ```ts
 * import { logOdds, ops } from 'prefloss';
 * const logps = { chosen: [-0.5], rejected: [-1] };
 * console.log(logOdds(logps)[0]!.toFixed(7), ops.logSigmoid(logOdds(logps))[0]!.toFixed(7)); // 0.9740770 -0.3202998
 * ```
 *
 * @see Hong et al., "ORPO: Monolithic Preference Optimization without Reference Model", 2024, eq. 7. https://arxiv.org/abs/2403.07691
 */
export function logOdds<T>(logps: Pair<T>): T {
  checkPair('logOdds', 'logps', logps);
  checkAtMostZero('logOdds', logps);
  return scope(logps.chosen, () => logOddsOf(logps));
}

/** {@link logOdds} without checks. */
export function logOddsOf<T>(logps: Pair<T>): T {
  const { chosen, rejected } = mapPair(logps, noneAboveZero);
  return sub(sub(chosen, rejected), sub(log1mexp(chosen), log1mexp(rejected)));
}
