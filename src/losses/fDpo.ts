import { logSigmoid, mul, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { checkUnused } from '../internal/checks.js';
import { notZero, positive } from '../internal/domains.js';
import { choice, number, optional, perExample, readOptions } from '../internal/options.js';
import { exponentialScore, logistic } from '../internal/numerics.js';
import { checkPairLogps, logRatios, mapPair, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link fDpo}. */
export type FDpoOptions<T> = {
  /** Strength of the divergence penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
} & (
  | {
      /** The divergence that holds the policy to the reference. Default `'reverseKl'`, which is {@link dpo}. */
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
      /** Where the exponent is cut off, positive; the gradient is 0 beyond. Default 80. */
      readonly maxExponent?: number;
    }
  | {
      /** The alpha-divergence. */
      readonly divergence: 'alpha';
      /** Of the alpha-divergence, not 0: towards 0 it is the reverse KL, 1 is the forward KL. Default 0.5. */
      readonly alpha?: number;
      /** Where the exponent is cut off, positive; the gradient is 0 beyond. Default 80. */
      readonly maxExponent?: number;
    }
);

/**
 * f-DPO: DPO under another divergence than the reverse KL, one value per preference pair.
 *
 *     rho  = policy - reference, of each side
 *     loss = -log sigmoid(beta * (g(rho.chosen) - g(rho.rejected)))
 *
 *     reverseKl:     g(rho) = rho
 *     jensenShannon: g(rho) = log sigmoid(rho)
 *     forwardKl:     g(rho) = 1 - e^-rho
 *     alpha:         g(rho) = (1 - e^(-alpha * rho)) / alpha
 *
 * Additive constants of g, in which write-ups differ, cancel. It is ln 2 where policy and reference agree. With h the
 * argument of the sigmoid, its gradient with respect to `policy.chosen` is `-beta * sigmoid(-h) * g'(rho.chosen)`, where g'
 * is 1, `sigmoid(-rho)`, `e^-rho` and `e^(-alpha * rho)`.
 *
 * The scores of forwardKl and alpha leave float32 at an exponent of 89. Theirs is cut off at `maxExponent`, with zero
 * gradient beyond; TRL 1.x does that for alpha, and has NaN for its forward KL.
 *
 * alpha is the paper's, and TRL's up to 0.27; the coefficient of TRL 1.x is `1 - alpha`.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link FDpoOptions}.
 * @returns The losses `[B]`, positive.
 * @throws RangeError if shapes differ, an option is outside its range, or one is given that the divergence does not have.
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
    const { beta, divergence, alpha = 0.5, maxExponent = 80 } = read;
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
