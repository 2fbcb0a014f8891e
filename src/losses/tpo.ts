import { mul, relu, scope, square, sub } from '../backend/ops.js';
import { checkNumber, checkOnlyFields, checkTensor, checkUnused } from '../internal/checks.js';
import { labelNoise, notNegative, positive } from '../internal/domains.js';
import { choice, number, optional, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { targetMargin, targetMarginReaders, type TargetMargin } from '../internal/targetMargin.js';
import { checkPair, type Pair } from '../logprobs/pairs.js';

/** A batch of triples for {@link tpo}. */
export type TpoBatch<T> = Pair<T> & {
  /** Mean log-prob of a gold response, in nats per token, `[B]`. */
  readonly gold: T;
};

/** Hyperparameters of {@link tpo}. */
export type TpoOptions = {
  /** Weight of the gold response's negative log-likelihood, at least 0. Default 1. */
  readonly alpha?: number;
} & (
  | {
      /**
       * The loss c of the pair: `'cpo'`, `'hinge'`, `'ipo'` or `'simpo'`. Default `'cpo'`. `'simpo'` requires `beta`, and either
       * `gamma` or `gammaBetaRatio`; the others accept neither margin.
       */
      readonly contrastive?: 'cpo';
      /** Scale of the margin, positive. Default 0.1; no default with `'simpo'`. */
      readonly beta?: number;
      /** Assumed probability that a preference label is flipped, in [0, 0.5), for cpo and simpo. Default 0. */
      readonly labelSmoothing?: number;
      /** Not allowed with this loss. */
      readonly gamma?: undefined;
      /** Not allowed with this loss. */
      readonly gammaBetaRatio?: undefined;
    }
  | {
      /** The hinge of SLiC, or the square of IPO. */
      readonly contrastive: 'hinge' | 'ipo';
      /** Scale of the margin, positive. Default 0.1. */
      readonly beta?: number;
      /** Not allowed with this loss. */
      readonly labelSmoothing?: undefined;
      /** Not allowed with this loss. */
      readonly gamma?: undefined;
      /** Not allowed with this loss. */
      readonly gammaBetaRatio?: undefined;
    }
  | ({
      /** The loss of SimPO, on means: the paper's TPO-L. */
      readonly contrastive: 'simpo';
      /** Scale of the margin, positive. */
      readonly beta: number;
      /** Assumed probability that a preference label is flipped, in [0, 0.5). Default 0. */
      readonly labelSmoothing?: number;
    } & TargetMargin)
);

/**
 * TPO (Triple Preference Optimization), one value per triple: a contrastive loss on a preference pair, plus the negative
 * log-prob of a third, gold response. No reference model is needed.
 *
 *     loss = c(chosen, rejected) - alpha * gold
 *
 * where c is {@link cpo} (TRL's `sigmoid`), {@link hinge} or {@link ipo} without a reference, or {@link simpo} (`tpo-l`).
 * Its gradient with respect to `chosen` and `rejected` is the gradient of c; with respect to `gold` it is `-alpha`.
 *
 * TRL computes cpo and hinge on sums, ipo and tpo-l on means, and averages the negative log-likelihood of the gold response
 * over the tokens of the batch: for that, set alpha to 0 and add `nll`.
 *
 * Nothing checks that log-probs are at most 0; the formula is computed for any numbers.
 *
 * @param batch - Log-probs in nats, each `[B]`: sums or means for c, and `gold`, a mean. See {@link TpoBatch}.
 * @param options - See {@link TpoOptions}.
 * @returns The losses `[B]`, at least 0 for a `gold` of at most 0.
 * @throws RangeError if shapes differ, an option is outside its range, an option is given that c does not have, or, for
 *   simpo, not exactly one of `gamma` and `gammaBetaRatio` is given.
 *
 * @example
 * ```ts
 * import { tpo } from 'prefloss';
 * console.log(tpo({ chosen: [-10], rejected: [-12], gold: [-0.5] })[0]!.toFixed(7)); // 1.0981389
 * ```
 *
 * @see Saeidi et al., "Triple Preference Optimization: Achieving Better Alignment using a Single Step Optimization", 2024.
 *   https://arxiv.org/abs/2405.16681
 */
export function tpo<T>(batch: TpoBatch<T>, options: TpoOptions = {}): T {
  checkOnlyFields('tpo', 'batch', batch, ['chosen', 'rejected', 'gold']);
  const { chosen, rejected, gold } = batch;
  const like = checkPair('tpo', 'batch', { chosen, rejected });
  checkTensor('tpo', 'gold', gold, { like });
  return scope(chosen, () => {
    const read = readOptions('tpo', options, like, {
      alpha: number(notNegative, 1),
      contrastive: choice(['cpo', 'hinge', 'ipo', 'simpo']),
      beta: optional(number(positive)),
      labelSmoothing: optional(number(labelNoise)),
      ...targetMarginReaders(),
    });
    const { alpha, contrastive, beta = 0.1, labelSmoothing = 0 } = read;
    if (contrastive === 'simpo') checkNumber('tpo', 'beta', read.beta, positive);
    if (contrastive !== 'simpo') checkUnused('tpo', read, ['gamma', 'gammaBetaRatio'], `by ${contrastive}`);
    if (contrastive === 'hinge' || contrastive === 'ipo') checkUnused('tpo', read, ['labelSmoothing'], `by ${contrastive}`);

    const margin = sub(chosen, rejected);
    const scaled = () => mul(margin, beta);
    const contrast = {
      cpo: () => logistic(scaled(), labelSmoothing),
      simpo: () => logistic(sub(scaled(), targetMargin('tpo', { ...read, beta })), labelSmoothing),
      hinge: () => relu(sub(1, scaled())),
      ipo: () => square(sub(margin, 1 / (2 * beta))),
    }[contrastive];
    return sub(contrast(), mul(gold, alpha));
  });
}
