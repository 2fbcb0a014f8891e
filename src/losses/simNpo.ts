import { add, mul, scope, softplus } from '../backend/ops.js';
import { checkOnlyFields, checkTensor } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { targetMargin, targetMarginReaders, type TargetMargin } from '../internal/targetMargin.js';

/** Log-probs of completions to forget, for {@link simNpo}. */
export type SimNpoBatch<T> = {
  /** Mean log-probs under the model that is trained, in nats per token, `[B]`. */
  readonly policy: T;
};

/** Hyperparameters of {@link simNpo}. */
export type SimNpoOptions = {
  /** Scale of the mean log-probs, positive; the authors use 2.5 and 4.5. Default 0.1. */
  readonly beta?: number;
} & TargetMargin;

/**
 * SimNPO (Simple Negative Preference Optimization) for unlearning, one value per completion that the model should forget: `npo` on
 * length-averaged log-probs, without a reference.
 *
 *     loss = -(2 / beta) * log sigmoid(-beta * policy - gamma)
 *
 * The target margin is given either as `gamma` or as `gammaBetaRatio`, with `gamma = beta * gammaBetaRatio`: exactly one of the two
 * is required, because implementations call either of them gamma. The authors' `gamma` and open-unlearning's `delta` are
 * `gammaBetaRatio`; both default to 0.
 *
 * The gradient with respect to `policy` is `2 * sigmoid(beta * policy + gamma)`: the less likely a completion is, the less it is
 * pushed down.
 *
 * Nothing checks that log-probs are at most 0; the formula is computed for any numbers.
 *
 * @param batch - Mean completion log-probs in nats per token, `[B]`; see {@link SimNpoBatch}.
 * @param options - See {@link SimNpoOptions}.
 * @returns The losses `[B]`, in [0, 2 log(1 + e^gamma) / beta] for log-probs of at most 0.
 * @throws RangeError if policy is not of rank 1, an option is outside its range, or not exactly one of `gamma` and `gammaBetaRatio`
 *   is given.
 *
 * @example
 * ```ts
 * import { simNpo } from 'prefloss';
 * const batch = { policy: [-0.5, -2] };
 * console.log(simNpo(batch, { beta: 2.5, gamma: 0 }).map((x) => x.toFixed(7))); // 0.2015433,0.0053723
 * ```
 *
 * @see Fan et al., "Simplicity Prevails: Rethinking Negative Preference Optimization for LLM Unlearning", 2024.
 *   https://arxiv.org/abs/2410.07163
 */
export function simNpo<T>(batch: SimNpoBatch<T>, options: SimNpoOptions): T {
  checkOnlyFields('simNpo', 'batch', batch, ['policy']);
  const like = checkTensor('simNpo', 'policy', batch.policy, { rank: 1 });
  return scope(batch.policy, () => {
    const read = readOptions('simNpo', options, like, { beta: number(positive, 0.1), ...targetMarginReaders() });
    const gamma = targetMargin('simNpo', read);
    return mul(softplus(add(mul(batch.policy, read.beta), gamma)), 2 / read.beta);
  });
}
