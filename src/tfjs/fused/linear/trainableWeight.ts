import type { Tensor } from '@tensorflow/tfjs-core';
import type { LinearRows } from '../../../backend/types.js';
import { customGradient } from '../../tape.js';
import { softmaxState } from '../tokenLogProbs/contract.js';
import { chunkCountOf, foldChunks } from './chunks.js';
import { headGradients } from './headGradients.js';
import { chunkGradient, joinStates, softmaxOf } from './softmax.js';

type T = Tensor;

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
    (dy, { state, products, ...saved }) => {
      const kept = { ...rows, ...saved };
      return headGradients(kept, (chunk) => chunkGradient(chunk, kept, state, dy), products);
    },
  );
}
