import type { Tensor } from '@tensorflow/tfjs-core';
import { perToken } from '../../kernels/perToken.js';

/** Inputs of the forward kernel, for N tokens. */
export interface ForwardInputs {
  /** Logits `[..., V]`. */
  readonly policy: Tensor;
  /** Logits `[..., V]`. */
  readonly reference: Tensor;
}

/**
 * Output of the forward kernel, `[5, N]`: the divergence, and the largest logit and the sum of `e^(logit - largest)` of the policy
 * p and of the reference q.
 */
export const klState = perToken('kl', 'pLargest', 'pTotal', 'qLargest', 'qTotal');

/**
 * Inputs of the backward kernel. Its output is the gradient with respect to the policy, `dy (p - q)`, `[..., V]`; 0 where `dy` is
 * 0, whatever the logits are.
 */
export interface BackwardInputs extends ForwardInputs {
  /** A `klState`. */
  readonly saved: Tensor;
  /** Gradient with respect to the divergence, `[...]`. */
  readonly dy: Tensor;
}
