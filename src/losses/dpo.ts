import { mul, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { finite, labelNoise, positive, probability } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPairLogps, marginOf, type PairLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link dpo}. */
export type DpoOptions<T> = {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Margin that the chosen side must win by, e.g. a score gap (ODPO); a number, a scalar, or one per pair `[B]`. Default 0. */
  readonly offset?: Operand<T>;
} & (
  | {
      /** Assumed probability that a preference label is flipped, in [0, 0.5). Default 0. */
      readonly labelSmoothing?: number;
      /** Mutually exclusive with `labelSmoothing`. */
      readonly preference?: undefined;
    }
  | {
      /** Mutually exclusive with `preference`. */
      readonly labelSmoothing?: undefined;
      /**
       * Probability that the chosen side is preferred (a soft label), in [0, 1]; a number, a scalar, or one per pair `[B]`. Default 1.
       * Mutually exclusive with `labelSmoothing`: a smoothing of e is a preference of 1 - e.
       */
      readonly preference?: Operand<T>;
    }
);

/**
 * Direct Preference Optimization loss, one value per preference pair.
 *
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected)) - offset
 *     loss = -(1 - e) * log sigmoid(h) - e * log sigmoid(-h)      with e = labelSmoothing, or 1 - preference
 *
 * The loss is ln 2 where policy and reference agree (offset 0). Its gradient with respect to `policy.chosen` is
 * `beta * (e - sigmoid(-h))`, and the opposite for `policy.rejected`: pairs that the implicit reward orders wrongly get the
 * largest gradients. With a soft label, the loss is the cross entropy of `sigmoid(h)` relative to it, smallest where the two
 * are equal. Gradients reach the reference too: compute it outside the differentiated function if it is frozen. On mean
 * log-probs it is the loss that TRL calls `sigmoid_norm`; choose beta afresh for them.
 *
 * @param logps - Summed (not length-averaged) completion log-probabilities in nats, each `[B]`.
 * @param options - See {@link DpoOptions}.
 * @returns The losses `[B]`, at least 0; finite wherever `h` is finite.
 * @throws RangeError if shapes differ, an option is outside its range, or both `labelSmoothing` and `preference` differ from their
 *   defaults.
 *
 * @example
 * ```ts
 * import { dpo } from 'prefloss';
 * const loss = dpo({
 *   policy: { chosen: [-10], rejected: [-12] },
 *   reference: { chosen: [-11], rejected: [-11] },
 * });
 * console.log(loss[0]!.toFixed(7)); // 0.5981389
 * ```
 *
 * @see Rafailov et al., "Direct Preference Optimization", 2023, eq. 7. https://arxiv.org/abs/2305.18290
 * @see Mitchell, "A note on DPO with noisy preferences", 2023 (labelSmoothing). https://ericmitchell.ai/cdpo.pdf
 * @see Amini et al., "Direct Preference Optimization with an Offset", 2024 (offset). https://arxiv.org/abs/2402.10571
 * @see Rosset et al., "Direct Nash Optimization", 2024 (preference). https://arxiv.org/abs/2404.03715
 */
export function dpo<T>(logps: PairLogps<T>, options: DpoOptions<T> = {}): T {
  const like = checkPairLogps('dpo', logps);
  return scope(logps.policy.chosen, () => {
    const { beta, labelSmoothing, preference, offset } = readOptions('dpo', options, like, {
      beta: perExample(positive, 0.1),
      labelSmoothing: number(labelNoise, 0),
      preference: perExample(probability, 1),
      offset: perExample(finite, 0),
    });
    if (labelSmoothing !== 0 && preference !== 1) {
      throw new RangeError('dpo: labelSmoothing and preference are both given, expected one of them');
    }
    const scaled = mul(marginOf(logps), beta);
    return logistic(offset === 0 ? scaled : sub(scaled, offset), preference === 1 ? labelSmoothing : sub(1, preference));
  });
}
