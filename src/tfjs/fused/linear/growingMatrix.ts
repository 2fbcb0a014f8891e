import { concat, fill, getBackend, type Tensor } from '@tensorflow/tfjs-core';
import type { Part } from './part.js';
import { writePart } from './writePart.js';

/** A matrix that is filled part by part along an axis: in place if the backend can write such parts, otherwise as a list of pieces. */
export interface GrowingMatrix {
  /** The axis along which it grows. */
  readonly axis: 0 | 1;
  /** The whole matrix, if there are several parts and they can be written in place. */
  readonly whole?: Tensor;
  /** Otherwise, the parts so far. */
  readonly pieces: readonly Tensor[];
}

/** A matrix of the given shape without any of its parts yet. */
export function emptyMatrix(shape: number[], axis: 0 | 1, partCount: number): GrowingMatrix {
  const isInPlace = partCount > 1 && writePart.isAvailable() && (axis === 0 || getBackend() !== 'tensorflow');
  return { axis, ...(isInPlace && { whole: fill(shape, 0) }), pieces: [] };
}

/** The matrix after adding its next part. */
export const withPart = ({ axis, whole, pieces }: GrowingMatrix, source: Tensor, part: Part): GrowingMatrix =>
  whole ? { axis, whole: writePart.run({ target: whole, source }, part), pieces } : { axis, pieces: [...pieces, source] };

/** The finished matrix, once all parts are added. */
export const completed = ({ axis, whole, pieces }: GrowingMatrix): Tensor => whole ?? joined(pieces, axis);

/** All pieces in one tensor. A single piece is returned as it is: `tf.concat` would copy it on wasm. */
export function joined(pieces: readonly Tensor[], axis = 0): Tensor {
  const [first, ...others] = pieces;
  return first && others.length === 0 ? first : concat([...pieces], axis);
}
