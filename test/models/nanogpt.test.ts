import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/index.js';
import { expectAligned, MAX_LENGTH, TIMEOUT_MS, VOCABULARY } from '../support/alignment.js';
import { engine, isArrays, liveTensors } from '../support/engine.js';

/** Loads the package. It is bundled for browsers and contains its own TensorFlow.js, which shares the global tfjs engine with ours. */
async function load() {
  const isNode = tf.env().getBool('IS_NODE');
  tf.env().set('IS_NODE', false);
  tf.enableProdMode(); // hides a warning for every kernel that the package registers again
  const nanogpt = await import('@genai-fi/nanogpt');
  tf.env().set('IS_NODE', isNode);
  if (engine === 'webgpu') {
    // The package registers its WebGPU kernels when the backend changes.
    await tf.setBackend('cpu');
    await nanogpt.TeachableLLM.selectBackend('webgpu');
  }
  return nanogpt;
}

// The arrays engine has no models and no gradients.
describe.skipIf(isArrays)('@genai-fi/nanogpt', () => {
  it('is aligned', { timeout: TIMEOUT_MS }, async ({ skip }) => {
    const { models } = await load();
    skip(!tf.getKernel('MatMul16', tf.getBackend()), 'the package has its kernels, such as MatMul16, for cpu, webgl and webgpu');
    const before = liveTensors();
    const config = { vocabSize: VOCABULARY, blockSize: MAX_LENGTH, nLayer: 1, nHead: 2, nEmbed: 16, mlpFactor: 4, useRope: true };
    const policy = new models.NanoGPTV1(config);
    const logits = (tokens: tf.Tensor2D) => policy.forward({ training: false }, tokens) as tf.Tensor3D;
    // Most variables are created by the first call, and the model's own list of trainable variables lacks them.
    noGrad(() => logits(tf.zeros([1, MAX_LENGTH], 'int32'))).dispose();
    const variables = policy.variables as tf.Variable[];
    expect([variables.length, policy.trainableVariables.length]).toEqual([8, 2]);
    // The model never frees the initial values of its variables and the constants of its rotary embedding.
    const kept = liveTensors() - before - variables.length;
    tf.tidy(() => {
      variables.forEach((variable, i) => {
        variable.assign(tf.randomNormal(variable.shape, 0, 0.3, 'float32', i + 1));
      });
    });

    await expectAligned({ variables, logits });
    expect(() => tf.tidy(() => new models.NanoGPTV1(config))).toThrow('Variable with name token_embedding was already registered');
    policy.dispose();
    expect(liveTensors() - before).toBe(kept);
  });
});
