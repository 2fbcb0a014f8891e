import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

/** The type of a tensor with one axis less: `number[]` for `number[][]`, `Tensor1D` for `Tensor2D`. */
export type Less<T> = T extends readonly (infer U)[]
  ? U
  : T extends Tensor3D
    ? Tensor2D
    : T extends Tensor2D
      ? Tensor1D
      : T extends Tensor1D
        ? Scalar
        : T;

/** The type of a scalar on the engine of `T`: `number` for arrays, `tf.Scalar` for TensorFlow.js. */
export type ScalarOf<T> = T extends number | readonly unknown[] ? number : T extends Tensor ? Scalar : T;

/** What may stand beside a tensor in an operation: such a tensor, a scalar of its engine, or a number. */
export type Operand<T> = T | ScalarOf<T> | number;

/** What an engine is given of a head: flat rows that all count. */
export interface LinearRows<T> {
  /** `[N, D]` */
  readonly hidden: T;
  /** `[V, D]` */
  readonly weight: T;
  /** `[V]` */
  readonly bias: T | undefined;
  /** Integers `[N]` in `[0, V)`; where values cannot be read, others may be among them, whose results are of no interest. */
  readonly labels: T;
  /** Logits are `cap * tanh(hidden weight^T + bias)`; without the cap if undefined. */
  readonly cap: number | undefined;
  /** Tokens of the vocabulary at a time; undefined for the engine's own choice. */
  readonly chunkSize: number | undefined;
}
