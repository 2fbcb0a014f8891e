import type { Tensor } from '@tensorflow/tfjs-core';
import { kernel } from '../../kernels/kernel.js';
import { customGradient } from '../../tape.js';
import {
  isState,
  softmaxState,
  type BackwardAttributes,
  type BackwardInputs,
  type ForwardAttributes,
  type ForwardInputs,
  type ForwardOutput,
} from './contract.js';
import * as processor from './processor.js';
import * as tensorflow from './tensorflow.js';
import * as webgpu from './webgpu.js';

/** Computes the log-probs and the values that the backward pass needs. */
export const tokenLogProbsForward = kernel<ForwardInputs, ForwardAttributes, ForwardOutput>('PreflossTokenLogProbs', {
  ...processor.forward,
  tensorflow: tensorflow.forward,
  webgpu: webgpu.forward,
});

/** Computes the gradient with respect to the logits. */
export const tokenLogProbsBackward = kernel<BackwardInputs, BackwardAttributes>('PreflossTokenLogProbsGrad', {
  ...processor.backward,
  tensorflow: tensorflow.backward,
  webgpu: webgpu.backward,
});

/** The fused `tokenLogProbs` of `Backend`; undefined if the active tfjs backend has no kernels for it. */
export function tokenLogProbs(logits: Tensor, labels: Tensor, ignoreIndex: number): Tensor | undefined {
  if (!tokenLogProbsForward.isAvailable()) return undefined;
  return customGradient(
    { logits },
    (inputs) => {
      const output = tokenLogProbsForward.run({ ...inputs, labels }, { ignoreIndex });
      if (isState(output)) {
        return { value: softmaxState.read(output, 'logp', labels.shape), saved: { ...inputs, labels, saved: output } };
      }
      const [value, state, powers] = output;
      return { value, saved: { logits: powers, labels, saved: state } };
    },
    (dy, saved) => ({ logits: tokenLogProbsBackward.run({ ...saved, dy }, { ignoreIndex, partial: 0 }) }),
  );
}
