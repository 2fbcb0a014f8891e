import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { noGrad } from '../../src/index.js';
import { expectAligned, MAX_LENGTH, TIMEOUT_MS, VOCABULARY } from '../support/alignment.js';
import { engine, isArrays, liveTensors } from '../support/engine.js';
import { withoutKernel } from '../support/withoutKernel.js';

/** The package, which is bundled for browsers with a TensorFlow.js of its own that shares the engine of ours. */
async function load() {
  const isNode = tf.env().getBool('IS_NODE');
  tf.env().set('IS_NODE', false);
  tf.enableProdMode(); // or it warns of every kernel that it registers again
  const nanogpt = await import('@genai-fi/nanogpt');
  tf.env().set('IS_NODE', isNode);
  if (engine === 'webgpu') {
    // It registers its kernels for WebGPU at a change of backend.
    await tf.setBackend('cpu');
    await nanogpt.TeachableLLM.selectBackend('webgpu');
  }
  return nanogpt;
}

// The arrays engine has no models and no gradients.
describe.skipIf(isArrays)('@genai-fi/nanogpt', () => {
  it('is aligned', { timeout: TIMEOUT_MS }, async ({ skip }) => {
    const { models } = await load();
    skip(...withoutKernel('MatMul16', 'which @genai-fi/nanogpt has for cpu, webgl and webgpu'));
    const before = liveTensors();
    const config = { vocabSize: VOCABULARY, blockSize: MAX_LENGTH, nLayer: 1, nHead: 2, nEmbed: 16, mlpFactor: 4, useRope: true };
    const policy = new models.NanoGPTV1(config);
    const logits = (tokens: tf.Tensor2D) => policy.forward({ training: false }, tokens) as tf.Tensor3D;
    // Most of its variables are made at its first call, and its own list of those to train leaves them out.
    noGrad(() => logits(tf.zeros([1, MAX_LENGTH], 'int32'))).dispose();
    const variables = policy.variables as tf.Variable[];
    expect([variables.length, policy.trainableVariables.length]).toEqual([8, 2]);
    // It never frees the initial values of the others, nor what its rotary embedding is made from.
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
