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
  /** The label of ignored tokens. */
  readonly ignoreIndex: number;
}

/**
 * State of a softmax over all logits or a part of them, `[3, N]`: the log-prob of the label, the largest logit, and the sum of
 * `e^(logit - largest)`. The latter two are stored separately, because `largest + log(total)` is rounded: for large logits, the
 * rounding would put an error into every probability of the backward pass.
 */
export const softmaxState = perToken('logp', 'largest', 'total');

/**
 * Output of the forward kernel: a `softmaxState`, all 0 for ignored tokens. On tensorflow there are three outputs: the log-probs in the
 * shape of the labels; a `softmaxState`, in which any number close enough to the largest logit may take its place; and the powers
 * `e^(logit - largest)`, `[..., V]`: saving them is faster than computing them again.
 */
export type ForwardOutput = Tensor | readonly [logps: Tensor, state: Tensor, powers: Tensor];

/** Whether the output is a `softmaxState`. */
export const isState = (output: ForwardOutput): output is Tensor => !Array.isArray(output);

/** Inputs of the backward kernel. */
export interface BackwardInputs {
  /** `[..., V]`; on tensorflow, the powers of the forward kernel. */
  readonly logits: Tensor;
  /** Integers `[...]`. */
  readonly labels: Tensor;
  /** A `softmaxState`. */
  readonly saved: Tensor;
  /** Gradient with respect to the log-probs, `[...]`. */
  readonly dy: Tensor;
}

/**
 * Attributes of the backward kernel. Its output is the gradient with respect to the logits, `[..., V]`: `-dy * p` everywhere except
 * at the label, where it is `-dy * expm1(logp)`, which equals `dy * (1 - p)` without cancellation. It is 0 for ignored tokens.
 */
export interface BackwardAttributes extends ForwardAttributes {
  /**
   * 1 if the logits cover only a part of the vocabulary and `saved` is the state over all of it: a label may then be outside this
   * part. Otherwise 0.
   */
  readonly partial: 0 | 1;
}
