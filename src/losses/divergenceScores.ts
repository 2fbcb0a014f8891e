import { scope } from '../backend/ops.js';
import { divergenceScore, divergenceScoreReaders } from '../internal/divergenceScore.js';
import { readOptions } from '../internal/options.js';
import { checkPairLogps, logRatios, mapPair, type Pair, type PairLogps } from '../logprobs/pairs.js';
import type { FDpoOptions } from './fDpo.js';

/** Hyperparameters of {@link divergenceScores}: those of {@link fDpo} that choose the divergence. */
export type DivergenceScoresOptions = OmitOfEach<FDpoOptions<never>, 'beta' | 'clip'>;

/** `Omit` keeps only what all members of a union have in common. */
type OmitOfEach<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

/**
 * The scores g of the log-ratios that {@link fDpo} compares, for other losses of pairs under the same divergences:
 *
 *     score = g(policy - reference)      for each side
 *
 * Pass them as `policy`, without a reference to `hinge` and `ipo`, and with one of zeros to the others. The functions g are in the
 * list of {@link fDpo}. With `'reverseKl'`, the default, the scores are the log-ratios. If they are divided by lengths, as in the
 * `ipo` and `sigmoid_norm` of TRL 1.x, constants in g no longer cancel: add ln 2 to the scores of `'jensenShannon'` first.
 *
 * @param logps - Summed completion log-probs in nats, each `[B]`.
 * @param options - See {@link DivergenceScoresOptions}.
 * @returns The scores of both sides, each `[B]`; differentiable.
 * @throws RangeError if shapes differ, an option is outside its range, or the divergence does not use a given option.
 *
 * @example
 * ```ts
 * import { divergenceScores, hinge } from 'prefloss';
 * const logps = { policy: { chosen: [-10], rejected: [-12] }, reference: { chosen: [-11], rejected: [-11] } };
 * const policy = divergenceScores(logps, { divergence: 'forwardKl' });
 * console.log(hinge({ policy })[0]!.toFixed(7)); // 0.7649598
 * ```
 *
 * @see Wang et al., "Beyond Reverse KL: Generalizing Direct Preference Optimization with Diverse Divergence Constraints", 2023.
 *   https://arxiv.org/abs/2309.16240
 */
export function divergenceScores<T>(logps: PairLogps<T>, options: DivergenceScoresOptions = {}): Pair<T> {
  const like = checkPairLogps('divergenceScores', logps);
  return scope(logps.policy.chosen, () => {
    const read = readOptions('divergenceScores', options, like, divergenceScoreReaders());
    return mapPair(logRatios(logps), divergenceScore<T>('divergenceScores', read));
  });
}
