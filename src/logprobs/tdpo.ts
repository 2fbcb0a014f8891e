import { checkOnlyFields, type Checked } from '../internal/checks.js';
import { checkPair, checkPairLogps, type Pair, type PairLogps } from './pairs.js';

/** A batch of pairs for `tdpo1` and `tdpo2`. */
export type TdpoBatch<T> = PairLogps<T> & {
  /**
   * KL(reference || policy) over the vocabulary, summed over the completion's tokens, in nats, `[B]` for each side:
   * `maskedSum(tokenDivergence(policyLogits, referenceLogits), mask, -1)`.
   */
  readonly sequentialKl: Pair<T>;
};

/** Checks the log-probs and divergences of token-level DPO. Returns the policy's chosen side. */
export function checkTdpoBatch<T>(fn: string, batch: TdpoBatch<T>): Checked<T> {
  checkOnlyFields(fn, 'batch', batch, ['policy', 'reference', 'sequentialKl']);
  const like = checkPairLogps(fn, batch, 'any');
  checkPair(fn, 'sequentialKl', batch.sequentialKl, 'sequentialKl.', { like });
  return like;
}
