import type { Tensor } from '@tensorflow/tfjs-core';
import { perToken } from '../../kernels/perToken.js';

/** Inputs of the kernel, for N tokens. */
export interface Inputs {
  /** `[..., V]` */
  readonly logits: Tensor;
  /** Integers `[...]`. */
  readonly labels: Tensor;
}

/** Attributes of the kernel. */
export interface Attributes {
  /** The label of ignored tokens. */
  readonly ignoreIndex: number;
}

/** Output of the kernel, `[5, N]`: the fields of `TokenStats`, all 0 for ignored tokens. */
export const stats = perToken('logps', 'entropy', 'correct', 'meanLogit', 'logSumSquares');
