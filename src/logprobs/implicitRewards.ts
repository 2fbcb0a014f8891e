import { mul, scope, sub } from '../backend/ops.js';
import type { Operand } from '../backend/types.js';
import { positive } from '../internal/domains.js';
import { perExample, readOptions } from '../internal/options.js';
import { checkPairLogps, checkUnpairedLogps, logRatios, mapPair, type Pair, type PairLogps, type UnpairedLogps } from './pairs.js';

/** Hyperparameters of {@link implicitRewards}. */
export interface ImplicitRewardsOptions<T> {
  /** Strength of the implicit KL penalty, positive; a number, a scalar, or one per example `[B]`. Default 0.1. */
  readonly beta?: Operand<T>;
}

/**
 * Implicit rewards of a policy that is trained against a reference:
 *
 *     r = beta * (policy - reference)
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`, of pairs or of unpaired examples.
 * @param options - See {@link ImplicitRewardsOptions}.
 * @returns The rewards: a {@link Pair} of `[B]` for pairs, `[B]` for unpaired examples; differentiable.
 * @throws RangeError if shapes differ or beta is not positive; on WebGPU and WebGL, a bad value in a tensor of betas gives NaN
 *   instead.
 *
 * @see Rafailov et al., "Direct Preference Optimization", 2023, section 5.1. https://arxiv.org/abs/2305.18290
 */
export function implicitRewards<T>(logps: PairLogps<T>, options?: ImplicitRewardsOptions<T>): Pair<T>;
export function implicitRewards<T>(logps: UnpairedLogps<T>, options?: ImplicitRewardsOptions<T>): T;
export function implicitRewards<T>(logps: PairLogps<T> | UnpairedLogps<T>, options: ImplicitRewardsOptions<T> = {}): Pair<T> | T {
  if (isPaired(logps)) {
    const like = checkPairLogps('implicitRewards', logps, 'any');
    return scope(logps.policy.chosen, () => {
      const { beta } = readOptions('implicitRewards', options, like, { beta: perExample(positive, 0.1) });
      return mapPair(logRatios(logps), (ratio) => mul(ratio, beta));
    });
  }
  const like = checkUnpairedLogps('implicitRewards', logps, 'any');
  return scope(logps.policy, () => {
    const { beta } = readOptions('implicitRewards', options, like, { beta: perExample(positive, 0.1) });
    return mul(sub(logps.policy, logps.reference), beta);
  });
}

function isPaired<T>(logps: PairLogps<T> | UnpairedLogps<T>): logps is PairLogps<T> {
  const policy: unknown = (logps as Partial<PairLogps<T>> | undefined)?.policy;
  return typeof policy === 'object' && policy !== null && 'chosen' in policy;
}
