import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows } from '../../../backend/types.js';
import { vocabularyAxis } from '../../../internal/weightLayout.js';
import { customGradient } from '../../tape.js';
import { softmaxState } from '../tokenLogProbs/contract.js';
import { chunkCountOf, foldChunks, type Chunk } from './chunks.js';
import { completed, emptyMatrix, joined, withPart } from './growingMatrix.js';
import { mixtureOf, partGradient } from './matrices.js';
import { chunkGradient, joinStates, softmaxOf } from './softmax.js';

type T = tf.Tensor;

/**
 * Log-probs with gradients with respect to hidden states, weight and bias. The softmax state is the only intermediate value that is
 * saved; the backward pass recomputes the logits, unless there is only one chunk: its products are saved too.
 */
export function withTrainableWeight(rows: LinearRows<T>): T {
  const { labels, hidden, weight, bias } = rows;
  return customGradient(
    { hidden, weight, ...(bias && { bias }) },
    (inputs) => {
      const start: { states: readonly T[]; products?: T } = { states: [] };
      const isWhole = chunkCountOf(rows) === 1;
      const { states, products } = foldChunks({ ...rows, ...inputs }, start, (before, chunk) => ({
        states: [...before.states, softmaxOf(chunk).state],
        ...(isWhole && { products: chunk.products }),
      }));
      const { state } = joinStates(states, rows);
      return { value: softmaxState.read(state, 'logp'), saved: { ...inputs, state, labels, ...(products && { products }) } };
    },
    (dy, { state, products, ...saved }) => gradients({ ...rows, ...saved }, state, dy, products),
  );
}

/** Gradients with respect to hidden states, weight and bias. */
function gradients(rows: LinearRows<T>, state: T, dy: T, products: T | undefined): { hidden: T; weight: T; bias?: T } {
  const { hidden, weight, layout, bias } = rows;
  const start = {
    byHidden: tf.zerosLike(hidden),
    byWeight: emptyMatrix(weight.shape, vocabularyAxis(layout), chunkCountOf(rows)),
    byBias: [] as readonly T[],
  };
  const add = (before: typeof start, chunk: Chunk): typeof start => {
    const gradient = chunkGradient(chunk, rows, state, dy);
    return {
      byHidden: tf.add<T>(before.byHidden, mixtureOf(gradient, chunk.weight, layout)),
      byWeight: withPart(before.byWeight, partGradient(gradient, hidden, layout), chunk.part),
      byBias: bias ? [...before.byBias, tf.sum(gradient, 0)] : [],
    };
  };
  const { byHidden, byWeight, byBias } = foldChunks(rows, start, add, products);
  return { hidden: byHidden, weight: completed(byWeight), ...(bias && { bias: joined(byBias) }) };
}
