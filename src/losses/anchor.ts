import { mul, scope, softplus, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { finite, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { checkCompletions } from '../logprobs/completions.js';
import type { UnpairedLogps } from '../logprobs/pairs.js';

/** Hyperparameters of {@link anchor}. */
export interface AnchorOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per completion `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Reward that the completion should exceed. Default 0, as in the authors' code. */
  readonly delta?: number;
}

/**
 * The anchored term of mDPO, one value per completion, usually the chosen side of a pair: it keeps the reward of the completion above
 * `delta`, which a loss of the margin alone does not.
 *
 *     r    = beta * (policy - reference)
 *     loss = -log sigmoid(r - delta)
 *
 * The loss is ln 2 where policy and reference agree and delta is 0. Its gradient with respect to `policy` is
 * `-beta * sigmoid(delta - r)`.
 *
 * mDPO adds it to `dpo` of the answers and to `dpo` of the images.
 *
 * @param batch - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link AnchorOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { anchor } from 'prefloss';
 * const loss = anchor({ policy: [-10, -12], reference: [-11, -11] });
 * console.log(loss.map((x) => x.toFixed(7))); // 0.6443967,0.7443967
 * ```
 *
 * @see Wang et al., "mDPO: Conditional Preference Optimization for Multimodal Large Language Models", 2024.
 *   https://arxiv.org/abs/2406.11839
 */
export function anchor<T>(batch: UnpairedLogps<T>, options: AnchorOptions<T> = {}): T {
  const like = checkCompletions('anchor', batch);
  return scope(batch.policy, () => {
    const { beta, delta } = readOptions('anchor', options, like, { beta: perExample(positive, 0.1), delta: number(finite, 0) });
    const reward = mul(sub(batch.policy, batch.reference), beta);
    return softplus(sub(delta, reward));
  });
}
