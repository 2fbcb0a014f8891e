import * as tf from '@tensorflow/tfjs';
import type { ModelSizes } from './languageModel.js';

/** Loads the package. It is bundled for browsers and contains its own TensorFlow.js, which shares the global tfjs engine with ours. */
export async function loadNanogpt() {
  const isNode = tf.env().getBool('IS_NODE');
  tf.env().set('IS_NODE', false);
  tf.enableProdMode(); // hides a warning for every kernel that the package registers again
  const nanogpt = await import('@genai-fi/nanogpt');
  tf.env().set('IS_NODE', isNode);
  if (tf.getBackend() === 'webgpu') {
    // The package registers its WebGPU kernels when the backend changes.
    await tf.setBackend('cpu');
    await nanogpt.TeachableLLM.selectBackend('webgpu');
  }
  return nanogpt;
}

/** Whether the package has its kernels, such as MatMul16, for the active backend: cpu, webgl or webgpu. */
export const hasNanogptKernels = (): boolean => tf.getKernel('MatMul16', tf.getBackend()) !== undefined;

/** A model with one block. */
export function newNanogpt({ models }: Awaited<ReturnType<typeof loadNanogpt>>, { vocabulary, maxLength }: ModelSizes) {
  const sizes = { vocabSize: vocabulary, blockSize: maxLength, nLayer: 1, nHead: 2, nEmbed: 16, mlpFactor: 4 };
  const model = new models.NanoGPTV1({ ...sizes, useRope: true });
  const logits = (tokens: tf.Tensor2D) => model.forward({ training: false }, tokens) as tf.Tensor3D;
  // Most variables are created by the first call, and the model's own list of trainable variables lacks them.
  tf.tidy(() => logits(tf.zeros([1, maxLength], 'int32'))).dispose();
  return { model, logits, variables: model.variables as tf.Variable[] };
}
