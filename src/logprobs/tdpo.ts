import { checkFields, type Checked } from '../internal/checks.js';
import { checkPair, checkPairLogps, type Pair, type PairLogps } from './pairs.js';

/** A batch of pairs for `tdpo1` and `tdpo2`. */
export interface TdpoBatch<T> extends PairLogps<T> {
  /**
   * Sum over the completion's tokens of KL(reference || policy) over the vocabulary, in nats, of each side `[B]`:
   * `maskedSum(tokenKl(policyLogits, referenceLogits), mask, -1)`.
   */
  readonly sequentialKl: Pair<T>;
}

/** Checks the log-probs and the divergences of token-level DPO. Gives the policy's chosen side. */
export function checkTdpoBatch<T>(fn: string, batch: TdpoBatch<T>): Checked<T> {
  checkFields(fn, 'batch', batch, ['policy', 'reference', 'sequentialKl']);
  const like = checkPairLogps(fn, batch);
  checkPair(fn, 'sequentialKl', batch.sequentialKl, 'sequentialKl.', like);
  return like;
}
