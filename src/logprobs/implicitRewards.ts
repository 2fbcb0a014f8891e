import { mul, scope, sub } from '../backend/ops.js';
import { checkOptions, checkPerExample, poisonOutside } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { checkPairLogps, checkUnpairedLogps, type Pair, type PairLogps, type UnpairedLogps } from './pairs.js';

/** Hyperparameters of {@link implicitRewards}. */
export interface ImplicitRewardsOptions<T> {
  /** Strength of the implicit KL penalty, positive; one number or one per example `[B]`. Default 0.1. */
  readonly beta?: number | T;
}

/**
 * The rewards that a policy trained against a reference stands for:
 *
 *     r = beta * (policy - reference)
 *
 * @param logps - Summed completion log-probs in nats: of pairs, each `[B]`, or of single examples, each `[B]`.
 * @param options - See {@link ImplicitRewardsOptions}.
 * @returns The rewards: a {@link Pair} of `[B]` for pairs, `[B]` for single examples.
 * @throws RangeError if shapes differ or beta is not positive.
 *
 * @see Rafailov et al., "Direct Preference Optimization", 2023, section 5.1. https://arxiv.org/abs/2305.18290
 */
export function implicitRewards<T>(logps: PairLogps<T>, options?: ImplicitRewardsOptions<T>): Pair<T>;
export function implicitRewards<T>(logps: UnpairedLogps<T>, options?: ImplicitRewardsOptions<T>): T;
export function implicitRewards<T>(logps: PairLogps<T> | UnpairedLogps<T>, options: ImplicitRewardsOptions<T> = {}): Pair<T> | T {
  checkOptions('implicitRewards', options, ['beta']);
  const { beta = 0.1 } = options;
  const checkBeta = (name: string, like: T) => {
    checkPerExample('implicitRewards', 'beta', beta, positive, [name, like]);
  };
  const reward = (policy: T, reference: T) => mul(sub(policy, reference), poisonOutside(beta, positive));

  if (isPaired(logps)) {
    checkPairLogps('implicitRewards', logps);
    const { policy, reference } = logps;
    checkBeta('policy.chosen', policy.chosen);
    return scope(policy.chosen, () => ({
      chosen: reward(policy.chosen, reference.chosen),
      rejected: reward(policy.rejected, reference.rejected),
    }));
  }
  checkUnpairedLogps('implicitRewards', logps);
  checkBeta('policy', logps.policy);
  return scope(logps.policy, () => reward(logps.policy, logps.reference));
}

function isPaired<T>(logps: PairLogps<T> | UnpairedLogps<T>): logps is PairLogps<T> {
  const policy: unknown = (logps as Partial<PairLogps<T>> | undefined)?.policy;
  return typeof policy === 'object' && policy !== null && 'chosen' in policy;
}
