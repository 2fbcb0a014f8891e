import { abs, add, exp, log1p, maximum, minimum, mul, neg, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { marginOf } from '../logprobs/pairs.js';
import { checkTiedPairs, type TiedPairLogps } from '../logprobs/ties.js';
import { counted } from '../masking/maskedReductions.js';

/** Hyperparameters of {@link davidson}. */
export interface DavidsonOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Weight of a tie, positive: equal sides tie with probability `nu / (1 + nu)`. Default 1, a probability of 1/2. */
  readonly nu?: number;
}

/**
 * DPO with ties by the model of Davidson, one value per preference pair: a tie is as likely, relative to the wins, as the
 * geometric mean of the two sides times 2 nu.
 *
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *     win  = log(1 + e^-h + 2 * nu * e^(-h / 2))
 *     loss = win where tie is 0, win + h / 2 - log(2 * nu) elsewhere
 *
 * Where policy and reference agree, it is `log(2 + 2 * nu)` for a preferred side and `log((1 + nu) / nu)` for a tie. With
 * `w = e^-h + nu * e^(-h / 2)`, its gradient with respect to `policy.chosen` is `-beta * w / e^win` for a preferred side, and
 * `beta / 2` more for a tie, which pulls h to 0; for `policy.rejected`, it is the opposite. As nu goes to 0, the loss of
 * preferred sides tends to {@link dpo}.
 *
 * @param batch - Summed completion log-probs in nats and ties, each `[B]`; see {@link TiedPairLogps}.
 * @param options - See {@link DavidsonOptions}.
 * @returns The losses `[B]`, at least 0 up to rounding.
 * @throws RangeError if shapes differ, an option is outside its range, or a value of `tie` is not 0 or 1. Where values cannot be
 *   read synchronously (WebGPU, WebGL), the loss of such a pair is NaN.
 *
 * @example
 * ```ts
 * import { davidson } from 'prefloss';
 * const logps = { policy: { chosen: [-10, -10], rejected: [-12, -12] }, reference: { chosen: [-11, -11], rejected: [-11, -11] } };
 * console.log(davidson({ ...logps, tie: [0, 1] }).map((x) => x.toFixed(7))); // [ '1.2887933', '0.6956461' ]
 * ```
 *
 * @see Chen et al., "On Extending Direct Preference Optimization to Accommodate Ties", 2024. https://arxiv.org/abs/2409.17431
 */
export function davidson<T>(batch: TiedPairLogps<T>, options: DavidsonOptions<T> = {}): T {
  const like = checkTiedPairs('davidson', batch);
  return scope(batch.policy.chosen, () => {
    const { beta, nu } = readOptions('davidson', options, like, { beta: perExample(positive, 0.1), nu: number(positive, 1) });
    const u = mul(mul(marginOf(batch), beta), 0.5);
    // win = |u| - u + log(1 + e^(-2 |u|) + 2 nu e^-|u|) at u = h / 2: no exponent is positive.
    // The bounds keep opposite infinities, whose sum is NaN, from meeting.
    const bounded = minimum(u, 1e30);
    const size = abs(bounded);
    const decay = exp(neg(size));
    const win = add(sub(size, bounded), log1p(mul(decay, add(decay, 2 * nu))));
    return add(win, counted(sub(maximum(u, -1e30), Math.log(2 * nu)), batch.tie));
  });
}
