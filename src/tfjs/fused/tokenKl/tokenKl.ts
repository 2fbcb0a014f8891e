import type { Tensor } from '@tensorflow/tfjs-core';
import { kernel } from '../../kernels/kernel.js';
import { customGradient } from '../../tape.js';
import { klState, type BackwardInputs, type ForwardInputs } from './contract.js';
import * as processor from './processor.js';
import * as webgpu from './webgpu.js';

/** Computes the divergence and the values that the backward pass needs. */
export const tokenKlForward = kernel<ForwardInputs>('PreflossTokenKl', { ...processor.forward, webgpu: webgpu.forward });

/** Computes the gradient with respect to the logits of the policy. */
export const tokenKlBackward = kernel<BackwardInputs>('PreflossTokenKlGrad', { ...processor.backward, webgpu: webgpu.backward });

/** The fused `tokenKl` of `Backend`; undefined if the active tfjs backend has no kernels for it. */
export function tokenKl(policy: Tensor, reference: Tensor): Tensor | undefined {
  if (!tokenKlForward.isAvailable()) return undefined;
  return customGradient(
    { policy },
    (inputs) => {
      const saved = tokenKlForward.run({ ...inputs, reference }, {});
      return { value: klState.read(saved, 'kl', policy.shape.slice(0, -1)), saved: { ...inputs, reference, saved } };
    },
    (dy, saved) => ({ policy: tokenKlBackward.run({ ...saved, dy }, {}) }),
  );
}
