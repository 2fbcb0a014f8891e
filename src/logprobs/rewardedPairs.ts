import { constant, mul, sub } from '../backend/ops.js';
import type { OrPlain } from '../backend/types.js';
import { checkOnlyFields, checkValues, poisonOutside, type Checked } from '../internal/checks.js';
import { finite } from '../internal/domains.js';
import { checkPair, checkPairLogps, mapPair, type Pair, type PairLogps } from './pairs.js';

/** Log-probs of preference pairs with the rewards that the policy's implicit rewards are to match. */
export type RewardedPairLogps<T> = PairLogps<T> & {
  /** Finite rewards of both sides, in any unit, each `[B]`; tensors, or plain lists. */
  readonly rewards: Pair<OrPlain<NoInfer<T>>>;
};

/** Checks the log-probs and rewards of preference pairs. Returns the policy's chosen side, which the others must match. */
export function checkRewardedPairs<T>(fn: string, batch: RewardedPairLogps<T>): Checked<T> {
  checkOnlyFields(fn, 'batch', batch, ['policy', 'reference', 'rewards']);
  const like = checkPairLogps(fn, batch, 'any');
  const { rewards } = batch;
  checkPair(fn, 'rewards', rewards, 'rewards.', { like, orPlain: true });
  checkValues(fn, { name: 'rewards.chosen', value: rewards.chosen }, finite);
  checkValues(fn, { name: 'rewards.rejected', value: rewards.rejected }, finite);
  return like;
}

/** `eta * (rewards.chosen - rewards.rejected)`, without checks. Rewards that are not finite and cannot be read give NaN. */
export function rewardGap<T>({ policy, rewards }: RewardedPairLogps<T>, eta: number): T {
  const { chosen, rejected } = mapPair(rewards, (reward) => poisonOutside(reward, finite));
  return constant<T>(policy.chosen, mul(sub(chosen, rejected), eta));
}
