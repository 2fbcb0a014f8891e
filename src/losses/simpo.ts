import { mul, scope, sub } from '../backend/ops.js';
import { checkNumber, checkOptions } from '../internal/checks.js';
import { finite, labelNoise, positive } from '../internal/domains.js';
import { logistic } from '../internal/numerics.js';
import { checkPair, type Pair } from '../logprobs/pairs.js';

/** The margin that the chosen side must win by, stated in one of the two ways that are in use. */
export type TargetMargin =
  | {
      /** The margin itself (TRL's `simpo_gamma`, Liger's `gamma`). */
      readonly gamma: number;
      /** Not beside the other one. */
      readonly gammaBetaRatio?: undefined;
    }
  | {
      /** Not beside the other one. */
      readonly gamma?: undefined;
      /** The margin divided by beta (the authors' code, HALOs, Levanter). */
      readonly gammaBetaRatio: number;
    };

/** Hyperparameters of {@link simpo}. */
export type SimpoOptions = {
  /** Scale of the rewards, positive; the paper uses 2 to 10. */
  readonly beta: number;
  /** Assumed probability that a preference label is flipped, in [0, 0.5). Default 0. */
  readonly labelSmoothing?: number;
} & TargetMargin;

/**
 * SimPO (Simple Preference Optimization), one value per preference pair: length-averaged log-probs are the rewards, and no
 * reference model is needed.
 *
 *     h    = beta * (chosen - rejected) - gamma
 *     loss = -(1 - e) * log sigmoid(h) - e * log sigmoid(-h)      with e = labelSmoothing
 *
 * The margin is given as `gamma`, or as `gammaBetaRatio`, with `gamma = beta * gammaBetaRatio`: libraries differ, so one of
 * the two has to be named. The loss is `log(1 + e^gamma)` where both sides are equally likely. Its gradient with respect to
 * `chosen` is `beta * (e - sigmoid(-h))`, the opposite for `rejected`.
 *
 * @param logps - Mean completion log-probs in nats per token, each `[B]`.
 * @param options - See {@link SimpoOptions}.
 * @returns The losses `[B]`, positive.
 * @throws RangeError if shapes differ, an option is outside its range, or not exactly one of the two margins is given.
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
  checkOptions('simpo', options, ['beta', 'gamma', 'gammaBetaRatio', 'labelSmoothing']);
  const { beta, labelSmoothing = 0 } = options;
  checkPair('simpo', 'logps', logps);
  checkNumber('simpo', 'beta', beta, positive);
  const gamma = checkTargetMargin('simpo', options);
  checkNumber('simpo', 'labelSmoothing', labelSmoothing, labelNoise);

  const { chosen, rejected } = logps;
  return scope(chosen, () => {
    const scaled = mul(sub(chosen, rejected), beta);
    return logistic(gamma === 0 ? scaled : sub(scaled, gamma), labelSmoothing);
  });
}

/** What may be given where types are not checked: one margin, both, or none. */
interface AnyMargin {
  readonly beta: number;
  readonly gamma?: number | undefined;
  readonly gammaBetaRatio?: number | undefined;
}

/** Checks that exactly one of the two margins is given, and gives the absolute one. */
export function checkTargetMargin(fn: string, { beta, gamma, gammaBetaRatio }: AnyMargin): number {
  if (gamma !== undefined && gammaBetaRatio !== undefined) {
    throw new RangeError(`${fn}: gamma and gammaBetaRatio are both given, expected one of them`);
  }
  if (gamma !== undefined) {
    checkNumber(fn, 'gamma', gamma, finite);
    return gamma;
  }
  if (gammaBetaRatio === undefined) throw new RangeError(`${fn}: neither gamma nor gammaBetaRatio is given, expected one of them`);
  checkNumber(fn, 'gammaBetaRatio', gammaBetaRatio, finite);
  return beta * gammaBetaRatio;
}
