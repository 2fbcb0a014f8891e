import type { Tensor } from '@tensorflow/tfjs-core';
import { perToken } from '../../kernels/perToken.js';

/** Inputs of the forward kernel, for N tokens. */
export interface ForwardInputs {
  /** `[..., V]` */
  readonly logits: Tensor;
  /** Integers `[...]`. */
  readonly labels: Tensor;
}

/** Attributes of the forward kernel. */
export interface ForwardAttributes {
  /** The label of the tokens that do not count. */
  readonly ignoreIndex: number;
}

/**
 * State of a softmax over all or a part of the logits, `[3, N]`: the log-prob of the label, the largest logit, and the sum of
 * `e^(logit - largest)`. It keeps the latter two apart, because `largest + log(total)` is rounded: for large logits, that would
 * be an error of every probability in the backward pass.
 */
export const softmaxState = perToken('logp', 'largest', 'total');

/**
 * Output of the forward kernel: a `softmaxState`. On tensorflow there are two outputs, the log-probs `[N]` and the probabilities
 * `[N, V]`: TensorFlow has a softmax, and computing it again takes longer than keeping it.
 */
export type ForwardOutput = Tensor | readonly [logps: Tensor, probabilities: Tensor];

/** Whether the output is a `softmaxState`. */
export const isState = (output: ForwardOutput): output is Tensor => !Array.isArray(output);

/** Inputs of the backward kernel. */
export interface BackwardInputs extends ForwardInputs {
  /** A `softmaxState`; on tensorflow the probabilities. */
  readonly saved: Tensor;
  /** Gradient with respect to the log-probs, `[...]`. */
  readonly dy: Tensor;
}

/**
 * Attributes of the backward kernel. Its output is the gradient with respect to the logits, `[..., V]`: `-dy * p`, and
 * `-dy * expm1(logp)` at the label, which is `dy * (1 - p)` without cancellation.
 */
export interface BackwardAttributes extends ForwardAttributes {
  /**
   * 1 if the logits are those of a part of the vocabulary, and `saved` the state of all of it: a label may then lie outside of
   * them, and has no element here. Otherwise 0, as always on tensorflow.
   */
  readonly partial: 0 | 1;
}
