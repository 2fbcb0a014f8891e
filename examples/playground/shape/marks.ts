import { lossNamed, type LossName } from 'prefloss/core';
import type { PairBatch } from '../state.js';

/** Pairs for the time before a training run: their log-probs are those of a run that has begun to learn. */
export const EXAMPLE_BATCH: PairBatch = {
  source: 'an example batch of 8 pairs (train in “Train here” to see a real one)',
  policy: {
    chosen: [-38.2, -51.7, -22.9, -64.1, -45.3, -30.8, -57.6, -41.0],
    rejected: [-49.5, -47.2, -41.8, -75.9, -52.4, -58.1, -60.2, -39.7],
  },
  reference: {
    chosen: [-42.6, -50.1, -27.3, -66.0, -48.9, -36.2, -59.5, -40.1],
    rejected: [-44.8, -48.0, -36.5, -70.3, -50.7, -45.6, -58.8, -41.9],
  },
  lengths: { chosen: [18, 24, 12, 31, 22, 15, 27, 20], rejected: [21, 23, 19, 34, 25, 26, 28, 19] },
};

/** Where one completion or pair is on the x axis of a loss, and on which of its curves. */
interface Mark {
  readonly curve: number;
  readonly x: number;
}

/** Returns where the pairs of a batch are on the x axis of a loss; empty if the loss takes neither pairs nor single completions. */
export function marksOf(name: LossName, { policy, reference, lengths }: PairBatch): readonly Mark[] {
  const { kind, logps } = lossNamed(name);
  const ratios = (side: 'chosen' | 'rejected'): number[] => policy[side].map((logp, i) => logp - reference[side][i]!);
  const [chosen, rejected] = [ratios('chosen'), ratios('rejected')];
  if (kind === 'pairs') return chosen.map((ratio, i) => ({ curve: 0, x: ratio - rejected[i]! }));
  if (kind === 'examples') return [...chosen.map((x) => ({ curve: 0, x })), ...rejected.map((x) => ({ curve: 1, x }))];
  if (kind === 'completions') return [...chosen, ...rejected].map((x) => ({ curve: 0, x }));
  const scaled = (side: 'chosen' | 'rejected', i: number): number => policy[side][i]! / (logps === 'sum' ? 1 : lengths[side][i]!);
  if (kind === 'referenceFreeCompletions') {
    return (['chosen', 'rejected'] as const).flatMap((side) => policy[side].map((_, i) => ({ curve: 0, x: scaled(side, i) })));
  }
  if (kind !== 'referenceFreePairs') return [];
  return policy.chosen.map((_, i) => ({ curve: 0, x: scaled('chosen', i) - scaled('rejected', i) }));
}
