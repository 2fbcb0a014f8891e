import { add, mul, scope } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { checkOnlyFields, checkPerExampleShape } from '../internal/checks.js';
import { notNegative } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { logistic } from '../internal/numerics.js';
import { logOddsOf } from '../logprobs/logOdds.js';
import { checkAtMostZero, checkPair, type Pair } from '../logprobs/pairs.js';

/** A batch of pairs for {@link orpo}. */
export type OrpoBatch<T> = Pair<T> & {
  /**
   * The negative log-likelihood to add to each pair, a number, a scalar, or one per pair `[B]`; see `nll`. For a batch in parts,
   * add a mean over the tokens of the batch outside of this function instead. Default: none.
   */
  readonly nll?: Operand<T>;
};

/** Hyperparameters of {@link orpo}. */
export interface OrpoOptions {
  /** Weight of the odds-ratio term, at least 0 (TRL calls it beta). Default 0.1. */
  readonly lambda?: number;
}

/**
 * Odds Ratio Preference Optimization loss, one value per pair; no reference model.
 *
 *     lo   = (chosen - rejected) - (log(1 - e^chosen) - log(1 - e^rejected))      the log of the odds ratio, see `logOdds`
 *     loss = -lambda * log sigmoid(lo) + nll
 *
 * The first term is `lambda * ln 2` where `chosen` equals `rejected`. Its gradient with respect to `chosen` is
 * `-lambda * sigmoid(-lo) / (1 - e^chosen)`, with respect to `rejected` `lambda * sigmoid(-lo) / (1 - e^rejected)`. As
 * `chosen` approaches 0, the former tends to -lambda times the odds of the rejected side; as `rejected` approaches 0, the
 * latter grows without bound.
 *
 * Inside `log(1 - e^x)`, x above -1e-30 counts as -1e-30, so value and gradient stay finite: the gradient with respect to a
 * rejected side of 0 is up to 1e30 * lambda.
 *
 * The published loss adds the NLL of the chosen completion. Implementations differ in what it covers (the completion, or the
 * prompt as well) and in its mean (over the batch's tokens, or over sequences), so the caller passes it; see `nll`.
 *
 * Values per pair, as of the reduction `'none'`, suit a batch in parts as they are. A mean over the tokens of the batch does not:
 * as a field, the share of a part in it is averaged once more over the pairs. Of B pairs and n tokens in all, each part adds
 *
 *     (sum of orpo over its pairs, without nll) / B + (nll of its tokens, with the tokenCount n)
 *
 * @param batch - Mean completion log-probs in nats per token, at most 0, each `[B]`, and the NLL term; see {@link OrpoBatch}.
 * @param options - See {@link OrpoOptions}.
 * @returns The losses `[B]`, at least 0 if `nll` is at least 0.
 * @throws RangeError if shapes differ, lambda is negative, or a log-prob is above 0 by more than rounding (1e-3). Where values
 *   cannot be read synchronously (WebGPU, WebGL), the loss of such a pair is NaN.
 *
 * @example
 * ```ts
 * import { orpo } from 'prefloss';
 * console.log(orpo({ chosen: [-0.5], rejected: [-1] })[0]!.toFixed(7)); // 0.0320300
 * ```
 *
 * @see Hong et al., "ORPO: Monolithic Preference Optimization without Reference Model", 2024, eq. 6 and 7. https://arxiv.org/abs/2403.07691
 */
export function orpo<T>(batch: OrpoBatch<T>, options: OrpoOptions = {}): T {
  checkOnlyFields('orpo', 'batch', batch, ['chosen', 'rejected'], ['nll']);
  const { chosen, rejected, nll = 0 } = batch;
  const logps = { chosen, rejected };
  const like = checkPair('orpo', 'batch', logps);
  checkAtMostZero('orpo', logps);
  checkPerExampleShape('orpo', 'nll', nll, like);
  return scope(chosen, () => {
    const { lambda } = readOptions('orpo', options, like, { lambda: number(notNegative, 0.1) });
    const preference = mul(logistic(logOddsOf(logps)), lambda);
    return nll === 0 ? preference : add(preference, nll);
  });
}
