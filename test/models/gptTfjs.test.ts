import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { frozenCopy } from '../../src/index.js';
import { expectAligned, MAX_LENGTH, TIMEOUT_MS, VOCABULARY, type LanguageModel } from '../support/alignment.js';
import { isArrays, liveTensors } from '../support/engine.js';

const modelOf = (model: tf.LayersModel): LanguageModel => ({
  variables: model.getWeights() as tf.Variable[],
  logits: (tokens) => model.apply(tokens) as tf.Tensor3D,
});

// The arrays engine has no models and no gradients.
describe.skipIf(isArrays)('gpt-tfjs', () => {
  it('is aligned', { timeout: TIMEOUT_MS }, async ({ skip }) => {
    skip(typeof document !== 'undefined', 'gpt-tfjs assigns to a constant, which Vite refuses to bundle for a browser');
    const { default: gpt } = await import('gpt-tfjs');
    const before = liveTensors();
    const sizes = { vocabSize: VOCABULARY, blockSize: MAX_LENGTH, nLayer: 1, nHead: 2, nEmbd: 16 };
    const { model: policy } = gpt.model.GPTLMHeadModel({ ...sizes, dropout: 0.5 });
    // The embeddings of a new model are 0, so that only its last layers would have a gradient.
    tf.tidy(() => {
      policy.setWeights(policy.getWeights().map(({ shape }, i) => tf.randomNormal(shape, 0, 0.3, 'float32', i + 1)));
    });
    const reference = frozenCopy(policy);
    await expectAligned(modelOf(policy), modelOf(reference));
    policy.dispose();
    reference.dispose();
    // For each model, the package never frees the causal mask and the tensor of ones that the mask is made from.
    expect(liveTensors() - before).toBe(4);
  });
});
