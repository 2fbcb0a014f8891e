import type { WeightLayout } from '../../src/index.js';
import { rounded } from './engine.js';

export type Matrix = number[][];

/** A matrix of numbers in [-scale, scale], rounded as the engine stores them. */
export const matrix = (rows: number, columns: number, scale: number, seed = 0): Matrix =>
  rounded(Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => scale * Math.sin(12.9898 * i + 78.233 * j + seed)))) as Matrix; // prettier-ignore

export const vector = (size: number, scale: number, seed = 0): number[] => matrix(1, size, scale, seed)[0]!;

/** A weight `[V, D]` in the given layout. */
export const inLayout = (weight: Matrix, layout: WeightLayout): Matrix =>
  layout === 'vocabularyByHidden' ? weight : weight[0]!.map((_, d) => weight.map((row) => row[d]!));

export interface Options {
  readonly logitScale?: number;
  readonly logitSoftcap?: number;
  readonly temperature?: number;
}

/** Logits of a row, and their derivatives with respect to the products `weight hidden`, in float64. */
export function logitsOf(
  hidden: number[],
  weight: Matrix,
  bias: number[] | undefined,
  { logitScale = 1, logitSoftcap: c, temperature = 1 }: Options,
) {
  const raw = weight.map((w, v) => logitScale * (w.reduce((a, x, d) => a + x * hidden[d]!, 0) + (bias?.[v] ?? 0)));
  const logits = raw.map((z) => (c === undefined ? z : c * Math.tanh(z / c)) / temperature);
  const slopes = raw.map((z) => ((c === undefined ? 1 : 1 / Math.cosh(z / c) ** 2) * logitScale) / temperature);
  return { logits, slopes };
}
