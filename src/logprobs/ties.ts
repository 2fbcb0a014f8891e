import type { OrPlain } from '../backend/types.js';
import { checkOnlyFields, type Checked } from '../internal/checks.js';
import { checkMask } from '../masking/maskedReductions.js';
import { checkPairLogps, type PairLogps } from './pairs.js';

/** Log-probs of preference pairs, some of which are tied. */
export type TiedPairLogps<T> = PairLogps<T> & {
  /** 1 where neither side is preferred, 0 where the chosen side is, `[B]`; floats, integers or booleans, a tensor or a plain list. */
  readonly tie: OrPlain<NoInfer<T>>;
};

/** Checks the log-probs and ties of preference pairs. Returns the policy's chosen side. */
export function checkTiedPairs<T>(fn: string, batch: TiedPairLogps<T>): Checked<T> {
  checkOnlyFields(fn, 'batch', batch, ['policy', 'reference', 'tie']);
  const like = checkPairLogps(fn, batch, 'any');
  checkMask(fn, batch.tie, like, 'tie');
  return like;
}
