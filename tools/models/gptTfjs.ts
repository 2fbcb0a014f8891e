import * as tf from '@tensorflow/tfjs';
import type { ModelSizes } from './languageModel.js';

/** A model of gpt-tfjs with one block. */
export async function newGptTfjs({ vocabulary, maxLength }: ModelSizes): Promise<tf.LayersModel> {
  const { default: gpt } = await import('gpt-tfjs');
  const sizes = { vocabSize: vocabulary, blockSize: maxLength, nLayer: 1, nHead: 2, nEmbd: 16 };
  const { model } = gpt.model.GPTLMHeadModel({ ...sizes, dropout: 0.5 });
  // The embeddings of a new model are 0, so that only its last layers would have a gradient.
  tf.tidy(() => {
    model.setWeights(model.getWeights().map(({ shape }, i) => tf.randomNormal(shape, 0, 0.3, 'float32', i + 1)));
  });
  return model;
}
