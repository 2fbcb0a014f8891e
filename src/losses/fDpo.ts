import { logSigmoid, mul, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { checkUnused } from '../internal/checks.js';
import { notZero, positive } from '../internal/domains.js';
import { choice, number, optional, perExample, readOptions } from '../internal/options.js';
import { exponentialScore, logistic, MAX_EXPONENT } from '../internal/numerics.js';
import { checkPairLogps, logRatios, mapPair, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link fDpo}. */
export type FDpoOptions<T> = {
  /** Strength of the divergence penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
} & (
  | {
      /** `'reverseKl'`, which is {@link dpo}, `'jensenShannon'`, `'forwardKl'` or `'alpha'`. Default `'reverseKl'`. */
      readonly divergence?: 'reverseKl' | 'jensenShannon';
      /** Not allowed with this divergence. */
      readonly alpha?: undefined;
      /** Not allowed with this divergence. */
      readonly maxExponent?: undefined;
    }
  | {
      /** The forward KL. */
      readonly divergence: 'forwardKl';
      /** Not allowed with this divergence. */
      readonly alpha?: undefined;
      /** Largest exponent of forwardKl and alpha, positive; beyond it the gradient is 0. Default 80. */
      readonly maxExponent?: number;
    }
  | {
      /** The alpha-divergence. */
      readonly divergence: 'alpha';
      /** Order of the alpha-divergence, not 0: the limit at 0 is the reverse KL, 1 is the forward KL. Default 0.5. */
      readonly alpha?: number;
      /** Largest exponent in the score, positive; beyond it the gradient is 0. Default 80. */
      readonly maxExponent?: number;
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
 *
 * Write-ups differ by additive constants in g, which cancel. The loss is ln 2 where policy and reference agree. With h the
 * argument of the sigmoid, its gradient with respect to `policy.chosen` is `-beta * sigmoid(-h) * g'(rho.chosen)`, and with
 * respect to `policy.rejected` `beta * sigmoid(-h) * g'(rho.rejected)`. In the order of the list, g' is 1, `sigmoid(-rho)`,
 * `e^-rho` and `e^(-alpha * rho)`.
 *
 * In float32, `e^x` overflows for x above 88.7, so the exponents of forwardKl and alpha are limited to `maxExponent`, with zero
 * gradient beyond it. TRL limits the exponent of its alpha-divergence too. It does not limit the exponent of its forward KL, so
 * that loss is NaN if both sides overflow.
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
 */
export function fDpo<T>(logps: PairLogps<T>, options: FDpoOptions<T> = {}): T {
  const like = checkPairLogps('fDpo', logps);
  return scope(logps.policy.chosen, () => {
    const read = readOptions('fDpo', options, like, {
      beta: perExample(positive, 0.1),
      divergence: choice(['reverseKl', 'forwardKl', 'jensenShannon', 'alpha']),
      alpha: optional(number(notZero)),
      maxExponent: optional(number(positive)),
    });
    const { beta, divergence, alpha = 0.5, maxExponent = MAX_EXPONENT } = read;
    if (divergence !== 'alpha') checkUnused('fDpo', read, ['alpha'], `by ${divergence}`);
    if (divergence !== 'alpha' && divergence !== 'forwardKl') checkUnused('fDpo', read, ['maxExponent'], `by ${divergence}`);

    const score = {
      reverseKl: (ratio: T) => ratio,
      forwardKl: (ratio: T) => exponentialScore(ratio, 1, maxExponent),
      jensenShannon: (ratio: T) => logSigmoid(ratio),
      alpha: (ratio: T) => exponentialScore(ratio, alpha, maxExponent),
    }[divergence];
    const { chosen, rejected } = mapPair(logRatios(logps), score);
    return logistic(mul(sub(chosen, rejected), beta));
  });
}
