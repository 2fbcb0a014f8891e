import type { WeightLayout } from '../../src/index.js';
import { rounded } from './engine.js';
import type { Matrix } from './headLogits.js';

/** A matrix of numbers in [-scale, scale], rounded as the engine stores them. */
export const matrix = (rows: number, columns: number, scale: number, seed = 0): Matrix =>
  rounded(Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => scale * Math.sin(12.9898 * i + 78.233 * j + seed)))) as Matrix; // prettier-ignore

export const vector = (size: number, scale: number, seed = 0): number[] => matrix(1, size, scale, seed)[0]!;

/** A weight `[V, D]` in the given layout. */
export const inLayout = (weight: Matrix, layout: WeightLayout): Matrix =>
  layout === 'vocabularyByHidden' ? weight : weight[0]!.map((_, d) => weight.map((row) => row[d]!));
