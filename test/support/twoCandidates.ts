import { tensor, type X } from './engine.js';
import { delta, sample } from './samples.js';

/** The pairs of the sample as lists of two candidates, with the chosen one first. */
export function asLists(): { policy: X; reference: X } {
  const list = ({ chosen, rejected }: (typeof sample)['policy']): X => tensor(chosen.map((c, i) => [c, rejected[i]!]));
  return { policy: list(sample.policy), reference: list(sample.reference) };
}

/** Rewards whose softmax is (1 - e, e). */
export const smoothed = (e: number): X => tensor(delta.map(() => [Math.log((1 - e) / e), 0]));

/** Rewards whose softmax is (1, 0). */
export const hard = (): X => tensor(delta.map(() => [1e4, 0]));
