import { div, mul, scope, softplus, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkCompletions } from '../logprobs/completions.js';
import type { UnpairedLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link npo}. */
export interface NpoOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per completion `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/**
 * NPO (Negative Preference Optimization) for unlearning, one value per completion that the model should forget: the loss of DPO with a
 * rejected side only.
 *
 *     rho  = policy - reference
 *     loss = -(2 / beta) * log sigmoid(-beta * rho)
 *
 * The loss is `(2 / beta) * ln 2` where policy and reference agree. Its gradient with respect to `policy` is
 * `2 * sigmoid(beta * rho)`: 1 where policy and reference agree, as for gradient ascent on the likelihood, and close to 0 for
 * completions that are forgotten.
 *
 * The factor `2 / beta` keeps the size of the gradient independent of beta. The code of Google DeepMind's gemma leaves it out:
 * multiply by `beta / 2` for its loss.
 *
 * Unlearning usually adds a loss of completions to retain, for example `nll`.
 *
 * @param batch - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link NpoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or beta is not positive.
 *
 * @example
 * ```ts
 * import { npo } from 'prefloss';
 * const loss = npo({ policy: [-10, -12], reference: [-11, -11] });
 * console.log(loss.map((x) => x.toFixed(7))); // 14.8879332,12.8879332
 * ```
 *
 * @see Zhang et al., "Negative Preference Optimization: From Catastrophic Collapse to Effective Unlearning", 2024.
 *   https://arxiv.org/abs/2404.05868
 */
export function npo<T>(batch: UnpairedLogps<T>, options: NpoOptions<T> = {}): T {
  const like = checkCompletions('npo', batch);
  return scope(batch.policy, () => {
    const { beta } = readOptions('npo', options, like, { beta: perExample(positive, 0.1) });
    const reward = mul(sub(batch.policy, batch.reference), beta);
    return div(mul(softplus(reward), 2), beta);
  });
}
