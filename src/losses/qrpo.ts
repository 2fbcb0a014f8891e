import { detached, log, scope, sub } from '../backend/ops.js';
import type { OrPlain } from '../backend/types.js';
import { checkTensor, checkUnused, checkValues, poisonOutside } from '../internal/checks.js';
import { fraction, positive, probability, properFraction, type Domain } from '../internal/domains.js';
import { normalQuantile } from '../internal/normalQuantile.js';
import { choice, number, readOptions } from '../internal/options.js';
import { checkCompletions } from '../logprobs/completions.js';
import type { UnpairedLogps } from '../logprobs/pairs.js';
import { regression } from './regression.js';

/** A batch of completions for {@link qrpo}. */
export type QrpoBatch<T> = UnpairedLogps<T> & {
  /**
   * Share of the reference's completions of the same prompt whose reward is at most that of the completion, in [0, 1], `[B]`; a tensor,
   * or a plain list.
   */
  readonly quantile: OrPlain<NoInfer<T>>;
};

/** Hyperparameters of {@link qrpo}. */
export type QrpoOptions = {
  /** Strength of the implicit KL penalty, positive. Default 0.1. */
  readonly beta?: number;
  /** What is minimized: the `'squared'` or the `'absolute'` difference. Default `'squared'`. */
  readonly error?: 'squared' | 'absolute';
} & (
  | {
      /** The reward R of a quantile: `'identity'`, `'log'` or `'normal'`. Default `'identity'`. */
      readonly transform?: 'identity';
      /**
       * For the identity: `'exact'`, or `'simplified'` for the authors' code, where Z is `beta * e^(1 / beta)`. Default `'exact'`.
       */
      readonly partition?: 'exact' | 'simplified';
    }
  | {
      /** Rewards without a lower bound. */
      readonly transform: 'log' | 'normal';
      /** Not allowed with this transform. */
      readonly partition?: undefined;
    }
);

/** A reward as a function of the quantile, which is uniform on [0, 1] for completions of the reference. */
interface Transform {
  /** Quantiles whose reward is finite. */
  readonly domain: Domain;
  readonly reward: <T>(quantile: T) => T;
  /** `beta * log Z`, where Z is the mean of `e^(reward / beta)` over the reference. */
  readonly scaledLogZ: (beta: number) => number;
}

const TRANSFORMS: Readonly<Record<'identity' | 'log' | 'normal', Transform>> = {
  identity: { domain: probability, reward: (quantile) => quantile, scaledLogZ: identityLogZ },
  log: { domain: fraction, reward: log, scaledLogZ: (beta) => -beta * Math.log1p(1 / beta) },
  normal: { domain: properFraction, reward: normalQuantile, scaledLogZ: (beta) => 1 / (2 * beta) },
};

/** `beta * log(beta * (e^(1 / beta) - 1))`, without the overflow of `e^(1 / beta)` and the cancellation at a large beta. */
function identityLogZ(beta: number): number {
  const x = 1 / beta;
  return x < 0.01 ? 1 / 2 + x / 24 - x ** 3 / 2880 : 1 + beta * Math.log(-beta * Math.expm1(-x));
}

/**
 * QRPO (Quantile Reward Policy Optimization), one value per completion: {@link regression} onto a reward of single completions whose
 * partition function Z is known. The reward is the quantile of the completion among samples of the reference, or a transform of it.
 *
 *     rho  = policy - reference
 *     loss = (R - beta * log Z - beta * rho)^2
 *
 *     identity: R = quantile                     Z = beta * (e^(1 / beta) - 1)
 *     log:      R = log(quantile)                Z = beta / (1 + beta)
 *     normal:   R = normal quantile function     Z = e^(1 / (2 * beta^2))
 *
 * With the `'absolute'` error it is `|R - beta * log Z - beta * rho|`. The gradient with respect to `policy` is
 * `-2 * beta * (R - beta * log Z - beta * rho)`, or `-beta` times the sign of that difference; none reaches `quantile`.
 *
 * The authors' code leaves out the -1 in Z of the identity: `beta * log Z` is 0.5413 at beta 1, and 1 in their code; at beta 0.1 the
 * two differ by 5e-6. `partition: 'simplified'` gives their number.
 *
 * A quantile of 0 has no logarithm, and one of 0 or 1 no normal quantile. The authors' code moves such a quantile, estimated from n
 * samples, to 1 / n or 1 - 1 / n.
 *
 * @param batch - Summed completion log-probs in nats, and quantiles; see {@link QrpoBatch}.
 * @param options - See {@link QrpoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ, an option is outside its range, `partition` is given with a transform, or a quantile is outside
 *   [0, 1], or 0 for `'log'`, or 0 or 1 for `'normal'`. Where values cannot be read synchronously (WebGPU, WebGL), the loss of such a
 *   completion is NaN.
 *
 * @example
 * ```ts
 * import { qrpo } from 'prefloss';
 * const rewards = { reference: [0.2, 0.5, 0.7, 0.9], completion: 0.8 };
 * const quantile = rewards.reference.filter((r) => r <= rewards.completion).length / 4;
 * const loss = qrpo({ policy: [-10], reference: [-11], quantile: [quantile] });
 * console.log(quantile, loss[0]!.toFixed(7)); // 0.75 0.0143369
 * ```
 *
 * @see Matrenok, Moalla and Gulcehre, "Quantile Reward Policy Optimization: Alignment with Pointwise Regression and Exact Partition
 *   Functions", 2025. https://arxiv.org/abs/2507.08068
 */
export function qrpo<T>(batch: QrpoBatch<T>, options: QrpoOptions = {}): T {
  const like = checkCompletions('qrpo', batch, ['quantile']);
  const { policy, reference } = batch;
  const quantile = checkTensor('qrpo', 'quantile', batch.quantile as T, { like, orPlain: true });
  const { beta, error, transform, partition } = readOptions('qrpo', options, like, {
    beta: number(positive, 0.1),
    error: choice(['squared', 'absolute']),
    transform: choice(['identity', 'log', 'normal']),
    partition: choice(['exact', 'simplified']),
  });
  if (transform !== 'identity') checkUnused('qrpo', options, ['partition'], `with the transform ${transform}`);
  const { domain, reward, scaledLogZ } = TRANSFORMS[transform];
  checkValues('qrpo', quantile, domain);
  const betaLogZ = partition === 'simplified' ? 1 + beta * Math.log(beta) : scaledLogZ(beta);
  return scope(policy, () => {
    const target = detached(quantile.value, () => sub(reward(poisonOutside(quantile.value, domain)), betaLogZ));
    return regression<T>({ policy, reference, target }, { beta, error });
  });
}
