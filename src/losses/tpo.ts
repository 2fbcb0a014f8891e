import { mul, scope, sub } from '../backend/ops.js';
import { checkOnlyFields, checkTensor } from '../internal/checks.js';
import { notNegative } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';

/** A batch of triples for {@link tpo}. */
export type TpoBatch<T> = {
  /** Losses of the preference pairs, `[B]`: {@link cpo}, {@link simpo}, or {@link hinge} or {@link ipo} of the policy alone. */
  readonly contrast: T;
  /** Mean log-prob of a gold response, in nats per token, `[B]`. */
  readonly gold: T;
};

/** Hyperparameters of {@link tpo}. */
export interface TpoOptions {
  /** Weight of the gold response's negative log-likelihood, at least 0. Default 1. */
  readonly alpha?: number;
}

/**
 * TPO (Triple Preference Optimization), one value per triple: a contrastive loss on a preference pair, plus the negative
 * log-prob of a third, gold response. No reference model is needed.
 *
 *     loss = contrast - alpha * gold
 *
 * Its gradient with respect to `contrast` is 1, so that of the pair is the gradient of its loss; with respect to `gold` it is
 * `-alpha`.
 *
 * The pair loss is {@link cpo} in TRL's `loss_type="sigmoid"`, `hinge({ policy })`, `ipo({ policy })`, or {@link simpo} in
 * `tpo-l`, the paper's TPO-L. TRL computes the first two on sums and the last two on means, and averages the negative
 * log-likelihood of the gold response over the tokens of the batch: for that, add `nll` to the pair loss instead.
 *
 * @param batch - Losses of the pairs and log-probs of the gold responses; see {@link TpoBatch}.
 * @param options - See {@link TpoOptions}.
 * @returns The losses `[B]`, at least the contrast for a `gold` of at most 0.
 * @throws RangeError if shapes differ or alpha is negative.
 *
 * @example
 * ```ts
 * import { cpo, tpo } from 'prefloss';
 * const contrast = cpo({ chosen: [-10], rejected: [-12] });
 * console.log(tpo({ contrast, gold: [-0.5] })[0]!.toFixed(7)); // 1.0981389
 * ```
 *
 * @see Saeidi et al., "Triple Preference Optimization: Achieving Better Alignment using a Single Step Optimization", 2024.
 *   https://arxiv.org/abs/2405.16681
 */
export function tpo<T>(batch: TpoBatch<T>, options: TpoOptions = {}): T {
  checkOnlyFields('tpo', 'batch', batch, ['contrast', 'gold']);
  const { contrast, gold } = batch;
  const like = checkTensor('tpo', 'contrast', contrast, { rank: 1 });
  checkTensor('tpo', 'gold', gold, { like });
  const { alpha } = readOptions('tpo', options, like, { alpha: number(notNegative, 1) });
  return scope(contrast, () => sub(contrast, mul(gold, alpha)));
}
