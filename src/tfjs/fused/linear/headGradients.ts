import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows } from '../../../backend/types.js';
import { vocabularyAxis } from '../../../internal/weightLayout.js';
import { chunkCountOf, foldChunks, type Chunk } from './chunks.js';
import { completed, emptyMatrix, joined, withPart } from './growingMatrix.js';
import { mixtureOf, partGradient } from './matrices.js';

type T = tf.Tensor;

/** Gradients with respect to the tensors of a head. */
export interface HeadGradients {
  readonly hidden: T;
  readonly weight: T;
  readonly bias?: T;
}

/**
 * Gradients with respect to hidden states, weight and bias, from the gradient with respect to the products of each chunk.
 *
 * @param gradientOf - The gradient with respect to the products of a chunk, `[N, C]`.
 * @param products - The products of the only chunk, if they are known.
 */
export function headGradients(rows: LinearRows<T>, gradientOf: (chunk: Chunk) => T, products?: T): HeadGradients {
  const { hidden, weight, layout, bias } = rows;
  const start = {
    byHidden: tf.zerosLike(hidden),
    byWeight: emptyMatrix(weight.shape, vocabularyAxis(layout), chunkCountOf(rows)),
    byBias: [] as readonly T[],
  };
  const add = (before: typeof start, chunk: Chunk): typeof start => {
    const gradient = gradientOf(chunk);
    return {
      byHidden: tf.add<T>(before.byHidden, mixtureOf(gradient, chunk.weight, layout)),
      byWeight: withPart(before.byWeight, partGradient(gradient, hidden, layout), chunk.part),
      byBias: bias ? [...before.byBias, tf.sum(gradient, 0)] : [],
    };
  };
  const { byHidden, byWeight, byBias } = foldChunks(rows, start, add, products);
  return { hidden: byHidden, weight: completed(byWeight), ...(bias && { bias: joined(byBias) }) };
}

/** The gradient with respect to the hidden states alone, in the same way. */
export function hiddenGradient(rows: LinearRows<T>, gradientOf: (chunk: Chunk) => T): T {
  const start = { byHidden: tf.zerosLike(rows.hidden) };
  return foldChunks(rows, start, ({ byHidden }, chunk) => ({
    byHidden: tf.add<T>(byHidden, mixtureOf(gradientOf(chunk), chunk.weight, rows.layout)),
  })).byHidden;
}
