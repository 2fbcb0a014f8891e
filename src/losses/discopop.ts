import { add, div, exp, minimum, mul, neg, scope, sigmoid, softplus, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive, type NumberDomain } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { checkPairLogps, marginOf, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link discopop}. */
export interface DiscopopOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Temperature of the modulation, in (0, 1]. Default 0.05. */
  readonly tau?: number;
}

/**
 * DiscoPOP (log-ratio modulated loss), one value per preference pair: a blend of the logistic and the exponential loss, found
 * by automated search.
 *
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *     m    = sigmoid(h / tau)
 *     loss = (1 - m) * -log sigmoid(h) + m * e^-h
 *
 * It is `(ln 2 + 1) / 2` where policy and reference agree. Its gradient with respect to `policy.chosen` is
 * `beta * (m * (1 - m) / tau * (e^-h + log sigmoid(h)) - (1 - m) * sigmoid(-h) - m * e^-h)`, and the opposite for
 * `policy.rejected`.
 *
 * TRL and Liger-Kernel return NaN in float32 for h below -88.7 and the default tau: `e^-h` overflows while m is 0. This
 * function computes the second term as `exp(log sigmoid(h / tau) - h)`, which is at most 1 for every tau in (0, 1].
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link DiscopopOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { discopop } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * console.log(discopop(logps)[0]!.toFixed(7)); // 0.8147631
 * ```
 *
 * @see Lu et al., "Discovering Preference Optimization Algorithms with and for Large Language Models", 2024, eq. 5.
 *   https://arxiv.org/abs/2406.08414
 */
export function discopop<T>(logps: PairLogps<T>, options: DiscopopOptions<T> = {}): T {
  const like = checkPairLogps('discopop', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, tau } = readOptions('discopop', options, like, {
      beta: perExample(positive, 0.1),
      tau: number(upToOne, 0.05),
    });
    const minus = neg(mul(marginOf(logps), beta));
    const modulation = div(minus, tau);
    // log sigmoid(h / tau) = -softplus(-h / tau), and 1 - m = sigmoid(-h / tau).
    const logistic = mul(sigmoid(modulation), softplus(minus));
    // The difference of two infinities would be NaN.
    return add(logistic, exp(sub(minimum(minus, 1e30), softplus(modulation))));
  });
}

const upToOne: NumberDomain = { words: 'in (0, 1]', has: (v) => v > 0 && v <= 1 };
