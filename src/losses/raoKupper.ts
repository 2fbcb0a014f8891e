import { add, mul, scope, softplus, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { aboveOne, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { marginOf } from '../logprobs/pairs.js';
import { checkTiedPairs, type TiedPairLogps } from '../logprobs/ties.js';
import { counted } from '../masking/maskedReductions.js';

/** Hyperparameters of {@link raoKupper}. */
export interface RaoKupperOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Width of the tie, above 1: equal sides tie with probability `(nu - 1) / (nu + 1)`. Default 3, a probability of 1/2. */
  readonly nu?: number;
}

/**
 * DPO with ties by the model of Rao and Kupper, one value per preference pair: a side wins if it is better by more than log nu,
 * otherwise the pair ties.
 *
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *     win  = -log sigmoid(h - a)                                                with a = log nu
 *     loss = win where tie is 0, win - log sigmoid(-h - a) - log(nu^2 - 1) elsewhere
 *
 * Where policy and reference agree, it is `log(1 + nu)` for a preferred side and `log((nu + 1) / (nu - 1))` for a tie. Its
 * gradient with respect to `policy.chosen` is `-beta * sigmoid(a - h)` for a preferred side and
 * `beta * (sigmoid(h + a) - sigmoid(a - h))` for a tie, which pulls h to 0; for `policy.rejected`, it is the opposite. With no
 * ties, it is {@link dpo} with the offset log nu.
 *
 * The method called TODO is this loss, with `alpha = log nu`. Its authors' code computes the tie from exponentials of h, which overflow.
 *
 * @param batch - Summed completion log-probs in nats and ties, each `[B]`; see {@link TiedPairLogps}.
 * @param options - See {@link RaoKupperOptions}.
 * @returns The losses `[B]`, at least 0 up to rounding.
 * @throws RangeError if shapes differ, an option is outside its range, or a value of `tie` is not 0 or 1. Where values cannot be
 *   read synchronously (WebGPU, WebGL), the loss of such a pair is NaN.
 *
 * @example
 * ```ts
 * import { raoKupper } from 'prefloss';
 * const logps = { policy: { chosen: [-10, -10], rejected: [-12, -12] }, reference: { chosen: [-11, -11], rejected: [-11, -11] } };
 * console.log(raoKupper({ ...logps, tie: [0, 1] }).map((x) => x.toFixed(7))); // [ '1.2401675', '0.7006440' ]
 * ```
 *
 * @see Chen et al., "On Extending Direct Preference Optimization to Accommodate Ties", 2024. https://arxiv.org/abs/2409.17431
 * @see Guo et al., "TODO: Enhancing LLM Alignment with Ternary Preferences", 2024. https://arxiv.org/abs/2411.02442
 */
export function raoKupper<T>(batch: TiedPairLogps<T>, options: RaoKupperOptions<T> = {}): T {
  const like = checkTiedPairs('raoKupper', batch);
  return scope(batch.policy.chosen, () => {
    const { beta, nu } = readOptions('raoKupper', options, like, { beta: perExample(positive, 0.1), nu: number(aboveOne, 3) });
    const h = mul(marginOf(batch), beta);
    const a = Math.log(nu);
    const win = softplus(sub(a, h));
    // log(nu^2 - 1), without cancellation near 1 and overflow far from it.
    const tie = sub(softplus(add(h, a)), Math.log(nu - 1) + Math.log(nu + 1));
    return add(win, counted(tie, batch.tie));
  });
}
