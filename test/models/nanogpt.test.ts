import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { hasNanogptKernels, loadNanogpt, newNanogpt } from '../../tools/models/nanogpt.js';
import { expectAligned, SIZES, TIMEOUT_MS } from '../support/alignment.js';
import { liveTensors, isTfjs } from '../support/engine.js';

// The arrays engine has no models and no gradients.
describe.runIf(isTfjs)('@genai-fi/nanogpt', () => {
  it('is aligned', { timeout: TIMEOUT_MS }, async ({ skip }) => {
    const nanogpt = await loadNanogpt();
    skip(!hasNanogptKernels(), 'the package has its kernels, such as MatMul16, for cpu, webgl and webgpu');
    const before = liveTensors();
    const { model: policy, logits, variables } = newNanogpt(nanogpt, SIZES);
    expect([variables.length, policy.trainableVariables.length]).toEqual([8, 2]);
    // The model never frees the initial values of its variables and the constants of its rotary embedding.
    const kept = liveTensors() - before - variables.length;
    tf.tidy(() => {
      variables.forEach((variable, i) => {
        variable.assign(tf.randomNormal(variable.shape, 0, 0.3, 'float32', i + 1));
      });
    });

    await expectAligned({ variables, logits });
    expect(() => {
      tf.tidy(() => void newNanogpt(nanogpt, SIZES));
    }).toThrow('Variable with name token_embedding was already registered');
    policy.dispose();
    expect(liveTensors() - before).toBe(kept);
  });
});
