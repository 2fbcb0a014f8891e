import { add, cast, mul, scope, sub } from '../backend/ops.js';
import type { Operand, OrPlain } from '../backend/types.js';
import { checkOnlyFields } from '../internal/checks.js';
import { finite, positive } from '../internal/domains.js';
import { number, perExample, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { checkPair, checkPairLogps, mapPair, marginOf, type Pair, type PairLogps } from '../logprobs/pairs.js';

/** A batch of pairs for {@link rDpo}. */
export type RDpoBatch<T> = PairLogps<T> & {
  /** Number of tokens of each completion, floats or integers, `[B]`. */
  readonly lengths: Pair<OrPlain<NoInfer<T>>>;
};

/** Hyperparameters of {@link rDpo}. */
export interface RDpoOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per pair `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
  /** Added to the scaled margin per token that the chosen side is longer; any finite number. */
  readonly alpha: number;
}

/**
 * R-DPO (length-regularised DPO), one value per preference pair: part of the preference is attributed to the answers' lengths.
 *
 *     h    = beta * ((policy.chosen - reference.chosen) - (policy.rejected - reference.rejected))
 *     loss = -log sigmoid(h + alpha * (lengths.chosen - lengths.rejected))
 *
 * With z the argument of the sigmoid, its gradient with respect to `policy.chosen` is `-beta * sigmoid(-z)`, and the opposite
 * for `policy.rejected`: with a positive alpha, pairs whose chosen side is longer weigh less. It equals {@link dpo} with the
 * offset `alpha * (lengths.rejected - lengths.chosen)`, and {@link dpo} itself at alpha 0.
 *
 * The sign of alpha is as in SamPO's trainer, the source of the golden values, and in the table of the SimPO paper; some other
 * code and write-ups use the opposite sign.
 *
 * @param batch - Summed completion log-probs in nats and lengths, each `[B]`; see {@link RDpoBatch}.
 * @param options - See {@link RDpoOptions}.
 * @returns The losses `[B]`, at least 0.
 * @throws RangeError if shapes differ or an option is outside its range.
 *
 * @example
 * ```ts
 * import { rDpo } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * const loss = rDpo({ ...logps, lengths: { chosen: [20], rejected: [12] } }, { alpha: 0.05 });
 * console.log(loss[0]!.toFixed(7)); // 0.4374880
 * ```
 *
 * @see Park et al., "Disentangling Length from Quality in Direct Preference Optimization", 2024. https://arxiv.org/abs/2403.19159
 */
export function rDpo<T>(batch: RDpoBatch<T>, options: RDpoOptions<T>): T {
  checkOnlyFields('rDpo', 'batch', batch, ['policy', 'reference', 'lengths']);
  const like = checkPairLogps('rDpo', batch, 'any');
  checkPair('rDpo', 'lengths', batch.lengths, 'lengths.', { like, dtype: ['float', 'int'], orPlain: true });
  return scope(batch.policy.chosen, () => {
    const { beta, alpha } = readOptions('rDpo', options, like, { beta: perExample(positive, 0.1), alpha: number(finite) });
    const { chosen, rejected } = mapPair(batch.lengths, (length) => cast(length, 'float'));
    return logistic(add(mul(marginOf(batch), beta), mul(sub(chosen, rejected), alpha)));
  });
}
