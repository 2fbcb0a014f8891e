import { mul, scope, sub } from '../backend/ops.js';
import { labelNoise, notZero, positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { exponentialScore, logistic, MAX_EXPONENT } from '../internal/numerics.js';
import { targetMargin, targetMarginReaders, type TargetMargin } from '../internal/targetMargin.js';
import { checkPair, mapPair, type Pair } from '../logprobs/pairs.js';

/** Hyperparameters of {@link alphaPo}. */
export type AlphaPoOptions = {
  /** Shape of the reward, not 0; towards 0 the loss tends to {@link simpo}. The paper uses 0.25 for Mistral-Instruct. */
  readonly alpha: number;
  /** Scale of the rewards, positive. */
  readonly beta: number;
  /** Assumed probability that a preference label is flipped, in [0, 0.5). Default 0. */
  readonly labelSmoothing?: number;
  /** Largest exponent in the reward, positive; beyond it the gradient is 0. Default 80. */
  readonly maxExponent?: number;
} & TargetMargin;

/**
 * AlphaPO, one value per preference pair: {@link simpo} with a reshaped reward.
 *
 *     r(A) = (1 - e^(-alpha * A)) / alpha
 *     h    = beta * (r(chosen) - r(rejected)) - gamma
 *     loss = -(1 - e) * log sigmoid(h) - e * log sigmoid(-h)      with e = labelSmoothing
 *
 * The target margin is given either as `gamma` or as `gammaBetaRatio`, with `gamma = beta * gammaBetaRatio`. Without label
 * smoothing, the loss is `log(1 + e^gamma)` where `chosen` equals `rejected`. Its gradient with respect to `chosen` is
 * `beta * (e - sigmoid(-h)) * e^(-alpha * chosen)`, and with respect to `rejected`
 * `-beta * (e - sigmoid(-h)) * e^(-alpha * rejected)`.
 *
 * In float32, `e^x` overflows for x above 88.7, so the exponent `-alpha * A` is limited to `maxExponent`. TRL computes
 * `e^(-alpha * A)` as `(e^A)^-alpha`. For A below -104, `e^A` is 0 in float32; with a positive alpha the reward is then
 * infinite and its gradient NaN.
 *
 * @param logps - Mean completion log-probs in nats per token, each `[B]`.
 * @param options - See {@link AlphaPoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, an option is outside its range, or not exactly one of `gamma` and `gammaBetaRatio` is
 *   given.
 *
 * @example
 * ```ts
 * import { alphaPo } from 'prefloss';
 * const loss = alphaPo({ chosen: [-0.5], rejected: [-1.5] }, { alpha: 0.25, beta: 2.5, gamma: 0.5 });
 * console.log(loss[0]!.toFixed(7)); // 0.0638930
 * ```
 *
 * @see Gupta et al., "AlphaPO: Reward Shape Matters for LLM Alignment", 2025. https://arxiv.org/abs/2501.03884
 */
export function alphaPo<T>(logps: Pair<T>, options: AlphaPoOptions): T {
  const like = checkPair('alphaPo', 'logps', logps);
  return scope(logps.chosen, () => {
    const read = readOptions('alphaPo', options, like, {
      alpha: number(notZero),
      beta: number(positive),
      labelSmoothing: number(labelNoise, 0),
      maxExponent: number(positive, MAX_EXPONENT),
      ...targetMarginReaders(),
    });
    const gamma = targetMargin('alphaPo', read);
    const { chosen, rejected } = mapPair(logps, (logp) => exponentialScore(logp, read.alpha, read.maxExponent));
    const scaled = mul(sub(chosen, rejected), read.beta);
    return logistic(gamma === 0 ? scaled : sub(scaled, gamma), read.labelSmoothing);
  });
}
