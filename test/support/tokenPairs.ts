import { ops, sequenceLogProbs, type Pair } from '../../src/index.js';
import { read, tensor, type X } from './engine.js';

// The masks have prompts, padding, gaps inside a completion, and an empty completion.
export const chosen = [[-1, -2, -3, -4, -5], [-6, -7, -8, -9, -10], [-1, -1, -1, -1, -1]]; // prettier-ignore

export const rejected = [[-0.5, -0.25, -4, -2, -1], [-3, -5, -7, -2, -4], [-2, -2, -2, -2, -2]]; // prettier-ignore

export const masks = {
  chosen: [[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]],
  rejected: [[0, 0, 1, 1, 0], [0, 1, 1, 0, 0], [1, 1, 1, 1, 1]],
}; // prettier-ignore

export const sides = (x: { chosen: number[][]; rejected: number[][] }): Pair<X> => ({
  chosen: tensor(x.chosen),
  rejected: tensor(x.rejected),
});

export const logps = (): Pair<X> => sides({ chosen, rejected });

export const both = (x: Pair<X>): X => ops.concat<X>([x.chosen, x.rejected]);

export const sums = async (x: X, mask: X): Promise<number[]> => (await read(sequenceLogProbs<X>(x, mask))) as number[];
