import { concat, fill, type Tensor } from '@tensorflow/tfjs-core';
import { writeRows } from './writeRows.js';

/** A matrix that is filled row by row from the top: in place if the backend can write rows, otherwise as a list of pieces. */
export interface GrowingMatrix {
  /** The whole matrix, if rows can be written in place. */
  readonly whole?: Tensor;
  /** The rows so far, if they cannot. */
  readonly pieces: readonly Tensor[];
}

/** A matrix of the given shape without any rows yet. */
export const emptyMatrix = (shape: number[]): GrowingMatrix =>
  writeRows.isAvailable() ? { whole: fill(shape, 0), pieces: [] } : { pieces: [] };

/** The matrix after adding the rows of `source`, which start at row `from`. */
export const withRows = ({ whole, pieces }: GrowingMatrix, source: Tensor, from: number): GrowingMatrix =>
  whole ? { whole: writeRows.run({ target: whole, source }, { from }), pieces } : { pieces: [...pieces, source] };

/** The finished matrix, once all rows are added. */
export const completed = ({ whole, pieces }: GrowingMatrix): Tensor => whole ?? joined(pieces);

/** All pieces in one tensor. A single piece is returned as it is: `tf.concat` would copy it on wasm. */
export function joined(pieces: readonly Tensor[]): Tensor {
  const [first, ...others] = pieces;
  return first && others.length === 0 ? first : concat([...pieces]);
}
