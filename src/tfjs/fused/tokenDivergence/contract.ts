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
 * Output of the forward and of the mixture kernel, `[6, N]`, with the policy p, the reference q and their mixture m: the divergence;
 * KL(p || q) for the reverse KL, KL(p || m) for Jensen-Shannon, otherwise 0; then the largest logit and the sum of `e^(logit - largest)`
 * of each model. For Jensen-Shannon, the mixture kernel adds the first two numbers.
 */
export const divergenceState = perToken('divergence', 'policyKl', 'pLargest', 'pTotal', 'qLargest', 'qTotal');

/** Inputs of the mixture kernel. */
export interface MixtureInputs extends ForwardInputs {
  /** A `divergenceState`. */
  readonly saved: Tensor;
}

/**
 * Inputs of the backward kernel. Its output is the gradient with respect to the logits of the policy, `[..., V]`; it is 0 where `dy` is 0,
 * even if the logits are NaN.
 */
export interface BackwardInputs extends MixtureInputs {
  /** Gradient with respect to the divergence, `[...]`. */
  readonly dy: Tensor;
}

/** Attributes of all three kernels. */
export interface Attributes {
  /** Index in `DIVERGENCES`. */
  readonly divergence: number;
  /** Weight of the reference in the mixture. */
  readonly weight: number;
}
