import type { Nested } from '../../src/index.js';
import { tensor, type X } from './engine.js';

export { weight } from './engine.js';

/** Log-probs of three pairs: Delta is positive for the first, negative for the second and 0 for the third. */
export const sample = {
  policy: { chosen: [-10, -31.5, -7.25], rejected: [-12, -30, -9] },
  reference: { chosen: [-11, -30.25, -7.25], rejected: [-11, -32.5, -9] },
};

/** Delta of each pair of the sample. */
export const delta = [2, -3.75, 0];

interface Sides<T> {
  readonly chosen: T;
  readonly rejected: T;
}

/** Two sides as tensors. */
export const pair = (sides: Sides<Nested>): Sides<X> => ({ chosen: tensor(sides.chosen), rejected: tensor(sides.rejected) });

/** Policy and reference as tensors. */
export const pairLogps = (logps: typeof sample = sample) => ({ policy: pair(logps.policy), reference: pair(logps.reference) });

/** Log-probs of unpaired completions as tensors. */
export const unpairedLogps = (policy: number[], reference: number[]) => ({ policy: tensor(policy), reference: tensor(reference) });

/** The same with their labels. */
export const labelledLogps = (policy: number[], reference: number[], desirable: number[]) => ({
  ...unpairedLogps(policy, reference),
  desirable: tensor(desirable),
});

/** Policy and reference from four tensors, in the order policy chosen, policy rejected, reference chosen, reference rejected. */
export const fromFour = (a: X, b: X, c: X, d: X) => ({ policy: { chosen: a, rejected: b }, reference: { chosen: c, rejected: d } });

/** The pair with its sides swapped. */
export const swapped = <V>({ chosen, rejected }: Sides<V>): Sides<V> => ({ chosen: rejected, rejected: chosen });

/** The sample with every pair swapped, in policy and reference. */
export const swappedSample = { policy: swapped(sample.policy), reference: swapped(sample.reference) };

/** The policy of the sample, and a reference with equal log-probs. */
export const agreeing = () => ({ policy: pair(sample.policy), reference: pair(sample.policy) });

/** The four lists of the sample, in the order of `fromFour`. */
export const four = [sample.policy.chosen, sample.policy.rejected, sample.reference.chosen, sample.reference.rejected];

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Labels spread over the vocabulary, with its first and last token; every fourth label is ignored. */
export const labelsOf = (rows: number, vocabulary: number): number[] =>
  Array.from({ length: rows }, (_, i) => (i % 4 === 3 ? -100 : i === 1 ? vocabulary - 1 : (i * 31) % vocabulary));
