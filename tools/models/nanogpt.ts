import * as tf from '@tensorflow/tfjs';
import type { ModelSizes } from './languageModel.js';

/** The part of the package that is used here; its own types do not resolve. */
interface Nanogpt {
  readonly TeachableLLM: { selectBackend(name: string): Promise<void> };
  readonly models: {
    readonly NanoGPTV1: new (sizes: object) => {
      readonly variables: tf.Variable[];
      readonly trainableVariables: readonly tf.Variable[];
      forward(options: { readonly training: boolean }, tokens: tf.Tensor2D): tf.Tensor3D;
      dispose(): void;
    };
  };
}

/** Loads the package. It is bundled for browsers and contains its own TensorFlow.js, which shares the global tfjs engine with ours. */
export async function loadNanogpt(): Promise<Nanogpt> {
  const isNode = tf.env().getBool('IS_NODE');
  tf.env().set('IS_NODE', false);
  tf.enableProdMode(); // hides a warning for every kernel that the package registers again
  const nanogpt = (await import('@genai-fi/nanogpt')) as unknown as Nanogpt;
  tf.env().set('IS_NODE', isNode);
  if (tf.getBackend() === 'webgpu') {
    // The package registers its WebGPU kernels when the backend changes.
    await tf.setBackend('cpu');
    await nanogpt.TeachableLLM.selectBackend('webgpu');
  }
  return nanogpt;
}

/** Whether the package has its kernels, such as MatMul16, for the active backend: cpu, webgl or webgpu. */
export const hasNanogptKernels = (): boolean => Boolean(tf.getKernel('MatMul16', tf.getBackend()));

/** A model with one block. */
export function newNanogpt({ models }: Nanogpt, { vocabulary, maxLength }: ModelSizes) {
  const sizes = { vocabSize: vocabulary, blockSize: maxLength, nLayer: 1, nHead: 2, nEmbed: 16, mlpFactor: 4 };
  const model = new models.NanoGPTV1({ ...sizes, useRope: true });
  const logits = (tokens: tf.Tensor2D) => model.forward({ training: false }, tokens);
  // Most variables are created by the first call, and the model's own list of trainable variables lacks them.
  tf.tidy(() => logits(tf.zeros([1, maxLength], 'int32'))).dispose();
  return { model, logits, variables: model.variables };
}
