import { clip, mul, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { checkUnused } from '../internal/checks.js';
import { divergenceScore, divergenceScoreReaders } from '../internal/divergenceScore.js';
import { positive } from '../internal/domains.js';
import { number, optional, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPairLogps, logRatios, mapPair, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link fDpo}. */
export type FDpoOptions<T> = {
  /** Strength of the divergence penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
} & (
  | {
      /** `'reverseKl'`, which is {@link dpo}, `'jensenShannon'`, `'forwardKl'`, `'alpha'` or `'chiSquaredKl'`. Default `'reverseKl'`. */
      readonly divergence?: 'reverseKl' | 'jensenShannon';
      /** Not allowed with this divergence. */
      readonly alpha?: undefined;
      /** Not allowed with this divergence. */
      readonly maxExponent?: undefined;
      /** Not allowed with this divergence. */
      readonly clip?: undefined;
    }
  | {
      /** The forward KL. */
      readonly divergence: 'forwardKl';
      /** Not allowed with this divergence. */
      readonly alpha?: undefined;
      /** Largest exponent of forwardKl, alpha and chiSquaredKl, positive; beyond it, the exponential is constant. Default 80. */
      readonly maxExponent?: number;
      /** Not allowed with this divergence. */
      readonly clip?: undefined;
    }
  | {
      /** The alpha-divergence. */
      readonly divergence: 'alpha';
      /** Order of the alpha-divergence, not 0: the limit at 0 is the reverse KL, 1 is the forward KL. Default 0.5. */
      readonly alpha?: number;
      /** Largest exponent in the score, positive; beyond it, the exponential is constant. Default 80. */
      readonly maxExponent?: number;
      /** Not allowed with this divergence. */
      readonly clip?: undefined;
    }
  | {
      /** The reverse KL plus the chi-squared divergence. */
      readonly divergence: 'chiSquaredKl';
      /** Not allowed with this divergence. */
      readonly alpha?: undefined;
      /** Largest exponent in the score, positive; beyond it, the exponential is constant. Default 80. */
      readonly maxExponent?: number;
      /**
       * Largest reward R, positive, for chiSquaredKl: the argument of the sigmoid is clipped to [-2R, 2R], with zero gradient
       * outside. Default: not clipped.
       */
      readonly clip?: number;
    }
);

/**
 * f-DPO: DPO with a choice of divergence between policy and reference, one value per preference pair.
 *
 *     rho  = policy - reference      for each side
 *     loss = -log sigmoid(beta * (g(rho.chosen) - g(rho.rejected)))
 *
 *     reverseKl:     g(rho) = rho
 *     jensenShannon: g(rho) = log sigmoid(rho)
 *     forwardKl:     g(rho) = 1 - e^-rho
 *     alpha:         g(rho) = (1 - e^(-alpha * rho)) / alpha
 *     chiSquaredKl:  g(rho) = rho + e^rho - 1
 *
 * Write-ups differ by additive constants in g, which cancel. The loss is ln 2 where policy and reference agree. With h the
 * argument of the sigmoid, its gradient with respect to `policy.chosen` is `-beta * sigmoid(-h) * g'(rho.chosen)`, and with
 * respect to `policy.rejected` `beta * sigmoid(-h) * g'(rho.rejected)`. In the order of the list, g' is 1, `sigmoid(-rho)`,
 * `e^-rho`, `e^(-alpha * rho)` and `1 + e^rho`.
 *
 * chiSquaredKl is chi-PO. Its paper clips the argument of the sigmoid to [-2R, 2R], with R the largest possible reward: pass R
 * as `clip`.
 *
 * In float32, `e^x` overflows for x above 88.7, so the exponents are limited to `maxExponent`. Beyond it, the slope g' of
 * forwardKl and alpha is 0, that of chiSquaredKl is 1. TRL limits the exponent of its alpha-divergence too, but not that of its
 * forward KL, so that loss is NaN if both sides overflow.
 *
 * `alpha` is defined as in the paper and in TRL up to 0.27; the coefficient of TRL 1.x is `1 - alpha`.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link FDpoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, an option is outside its range, or the divergence does not use a given option.
 *
 * @example
 * ```ts
 * import { fDpo } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(fDpo(logps, { divergence: 'forwardKl' })[0]!.toFixed(7)); // 0.5825167
 * console.log(fDpo(logps, { divergence: 'alpha', alpha: 0.5 })[0]!.toFixed(7)); // 0.5943491
 * ```
 *
 * @see Wang et al., "Beyond Reverse KL: Generalizing Direct Preference Optimization with Diverse Divergence Constraints", 2023.
 *   https://arxiv.org/abs/2309.16240
 * @see Huang et al., "Correcting the Mythos of KL-Regularization: Direct Alignment without Overoptimization via Chi-Squared
 *   Preference Optimization", 2024 (chiSquaredKl). https://arxiv.org/abs/2407.13399
 */
export function fDpo<T>(logps: PairLogps<T>, options: FDpoOptions<T> = {}): T {
  const like = checkPairLogps('fDpo', logps);
  return scope(logps.policy.chosen, () => {
    const read = readOptions('fDpo', options, like, {
      beta: perExample(positive, 0.1),
      ...divergenceScoreReaders(),
      clip: optional(number(positive)),
    });
    if (read.divergence !== 'chiSquaredKl') checkUnused('fDpo', read, ['clip'], `by ${read.divergence}`);
    const { chosen, rejected } = mapPair(logRatios(logps), divergenceScore<T>('fDpo', read));
    const h = mul(sub(chosen, rejected), read.beta);
    return logistic(read.clip === undefined ? h : clip(h, -2 * read.clip, 2 * read.clip));
  });
}
