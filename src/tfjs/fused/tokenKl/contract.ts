import type { Tensor } from '@tensorflow/tfjs-core';
import { perToken } from '../../kernels/perToken.js';

/** Inputs of the forward kernel, for N tokens. */
export interface ForwardInputs {
  /** Logits of the policy, `[..., V]`. */
  readonly policy: Tensor;
  /** Logits of the reference, `[..., V]`. */
  readonly reference: Tensor;
}

/**
 * Output of the forward kernel, `[5, N]`: the divergence, then the largest logit and the sum of `e^(logit - largest)` for the policy
 * p and for the reference q.
 */
export const klState = perToken('kl', 'pLargest', 'pTotal', 'qLargest', 'qTotal');

/**
 * Inputs of the backward kernel. Its output is the gradient with respect to the logits of the policy, `dy (p - q)`, `[..., V]`; it is
 * 0 where `dy` is 0, even if the logits are NaN.
 */
export interface BackwardInputs extends ForwardInputs {
  /** A `klState`. */
  readonly saved: Tensor;
  /** Gradient with respect to the divergence, `[...]`. */
  readonly dy: Tensor;
}
