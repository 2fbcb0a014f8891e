import type { Tensor } from '@tensorflow/tfjs-core';
import type { TokenDivergence } from '../../../backend/types.js';
import { DIVERGENCES } from '../../../internal/divergences.js';
import { kernel } from '../../kernels/kernel.js';
import { customGradient } from '../../tape.js';
import { divergenceState, type Attributes, type BackwardInputs, type ForwardInputs, type MixtureInputs } from './contract.js';
import * as processor from './processor.js';
import * as webgpu from './webgpu.js';

/** Computes the divergence and the values that the backward pass needs; for Jensen-Shannon, only what the mixture kernel needs. */
export const tokenDivergenceForward = kernel<ForwardInputs, Attributes>('PreflossTokenDivergence', {
  ...processor.forward,
  webgpu: webgpu.forward,
});

/** Computes the Jensen-Shannon divergence, in a second pass: the mixture needs the probabilities of both models. */
export const tokenDivergenceMixture = kernel<MixtureInputs, Attributes>('PreflossTokenDivergenceMixture', {
  ...processor.mixture,
  webgpu: webgpu.mixture,
});

/** Computes the gradient with respect to the logits of the policy. */
export const tokenDivergenceBackward = kernel<BackwardInputs, Attributes>('PreflossTokenDivergenceGrad', {
  ...processor.backward,
  webgpu: webgpu.backward,
});

/** The attributes of the kernels. */
export const attributesOf = (divergence: TokenDivergence, weight: number): Attributes => ({
  divergence: DIVERGENCES.indexOf(divergence),
  weight,
});

/** The fused `tokenDivergence` of `Backend`; undefined if the active tfjs backend has no kernels for it. */
export function tokenDivergence(policy: Tensor, reference: Tensor, divergence: TokenDivergence, weight: number): Tensor | undefined {
  if (!tokenDivergenceForward.isAvailable()) return undefined;
  const attributes = attributesOf(divergence, weight);
  return customGradient(
    { policy },
    (inputs) => {
      const logits = { ...inputs, reference };
      const first = tokenDivergenceForward.run(logits, attributes);
      const saved = divergence === 'jensenShannon' ? tokenDivergenceMixture.run({ ...logits, saved: first }, attributes) : first;
      return { value: divergenceState.read(saved, 'divergence', policy.shape.slice(0, -1)), saved: { ...logits, saved } };
    },
    (dy, saved) => ({ policy: tokenDivergenceBackward.run({ ...saved, dy }, attributes) }),
  );
}
