import { concat, fill, type Tensor } from '@tensorflow/tfjs-core';
import { writeRows } from './writeRows.js';

/** A matrix that is filled from its first row on: in its own memory where rows can be written in place, otherwise as a list. */
export interface GrowingMatrix {
  /** The matrix, if rows can be written in place. */
  readonly whole?: Tensor;
  /** Its rows so far, if they cannot. */
  readonly pieces: readonly Tensor[];
}

/** A matrix that will have this shape. */
export const emptyMatrix = (shape: number[]): GrowingMatrix =>
  writeRows.isAvailable() ? { whole: fill(shape, 0), pieces: [] } : { pieces: [] };

/** The matrix with more rows, the first of which is row `from`. */
export const withRows = ({ whole, pieces }: GrowingMatrix, source: Tensor, from: number): GrowingMatrix =>
  whole ? { whole: writeRows.run({ target: whole, source }, { from }), pieces } : { pieces: [...pieces, source] };

/** The matrix when all rows are there. */
export const completed = ({ whole, pieces }: GrowingMatrix): Tensor => whole ?? joined(pieces);

/** All pieces in one tensor. tfjs would copy a single one on wasm. */
export function joined(pieces: readonly Tensor[]): Tensor {
  const [first, ...others] = pieces;
  return first && others.length === 0 ? first : concat([...pieces]);
}
