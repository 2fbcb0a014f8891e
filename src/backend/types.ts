import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

/** Numbers, or lists of them nested to any depth: what the arrays engine computes on. */
export type Nested = number | readonly Nested[];

/** What a tensor holds, as far as this library needs to know. */
export type DType = 'float' | 'int' | 'bool';

/**
 * A tensor engine: the few operations that every loss is written in, on tensors of type `T`.
 *
 * An engine fixes its own quirks inside these methods, so that a loss never has to know where it runs. No method consumes
 * or changes its inputs. Binary operations broadcast as NumPy does, and take plain numbers on either side. A condition is
 * a tensor that is non-zero where it holds. Axes may be negative. Operations are differentiable in the engine's own way,
 * except those that say otherwise.
 */
export interface Backend<T> {
  /** Unique name, for messages. Registering a second engine of that name replaces the first. */
  readonly name: string;

  /** Whether the value is a tensor of this engine. */
  owns(value: unknown): boolean;
  /** Sizes of the axes; `[]` for a scalar. A RangeError if a list is ragged, a TypeError if it holds anything but numbers. */
  shape(x: T): readonly number[];
  /** Kind of the elements. */
  dtype(x: T): DType;
  /** Whether its tensors are plain numbers without a kind: `dtype` is always 'float', and integers are known by their values. */
  readonly isUntyped?: boolean;
  /** Whether the memory behind the tensor is gone. An engine that frees nothing by hand leaves this out. */
  isDisposed?(x: T): boolean;
  /** Frees the memory behind a tensor. An engine that frees nothing by hand leaves this out. */
  dispose?(x: T): void;

  /** All values in row-major order if they can be read at once and for free, else `undefined`. */
  peek(x: T): ArrayLike<number> | undefined;
  /** The values of several tensors, each in row-major order, read back with one transfer. */
  read(xs: readonly T[]): Promise<ArrayLike<number>[]>;
  /** Runs `f` and frees what it made, except the tensor or the record of tensors that it returns, also when it throws. */
  scope<R>(f: () => R): R;

  /** A tensor of the given values. */
  constant(values: Nested, dtype?: DType): T;
  /** The integers `0 .. n - 1`. */
  arange(n: number): T;
  /** The same values as another kind. */
  cast(x: T, dtype: DType): T;

  /** `a + b` */
  add(a: T | number, b: T | number): T;
  /** `a - b` */
  sub(a: T | number, b: T | number): T;
  /** `a * b` */
  mul(a: T | number, b: T | number): T;
  /** `a / b` */
  div(a: T | number, b: T | number): T;
  /** The larger of the two. */
  maximum(a: T | number, b: T | number): T;
  /** The smaller of the two. */
  minimum(a: T | number, b: T | number): T;
  /** `-x` */
  neg(x: T): T;
  /** `|x|` */
  abs(x: T): T;
  /** `x^2`. Left out, `x * x`. */
  square?(x: T): T;
  /** `e^x` */
  exp(x: T): T;
  /** Natural logarithm. */
  log(x: T): T;
  /** `e^x - 1`, accurate relative to its value, also near 0. */
  expm1(x: T): T;
  /** `log(1 + x)`, accurate relative to its value, also near 0. */
  log1p(x: T): T;
  /** `log(1 + e^x)`, accurate relative to its value for every x. */
  softplus(x: T): T;
  /** `1 / (1 + e^-x)` */
  sigmoid(x: T): T;

  /** `a == b`, without gradient. */
  equal(a: T | number, b: T | number): T;
  /** `a > b`, without gradient. */
  greater(a: T | number, b: T | number): T;
  /** `a >= b`, without gradient. */
  greaterEqual(a: T | number, b: T | number): T;
  /** `a` where the condition holds, `b` elsewhere; what is not chosen never spreads, not even NaN. */
  where(condition: T, a: T | number, b: T | number): T;

  /** Sum over one axis, which falls away, or over all. */
  sum(x: T, axis?: number): T;
  /** Largest value over one axis, which falls away, or over all. */
  max(x: T, axis?: number): T;
  /** Running sum along the last axis: each value with all before it. */
  cumsum(x: T): T;
  /** Ascending along the last axis; the gradient goes back through the permutation. */
  sort(x: T): T;
  /** The integer indices that sort the last axis. */
  argsort(x: T): T;

  /** `x[indices]` along the first axis; integer `indices` of rank 1. An index out of range gives NaN or throws. */
  take(x: T, indices: T): T;
  /** `x[start:stop]` along one axis. */
  slice(x: T, start: number, stop: number, axis: number): T;
  /** Joins along one axis. */
  concat(xs: readonly T[], axis: number): T;
  /** The same values in another shape. */
  reshape(x: T, shape: readonly number[]): T;
  /** Repeats axes of size 1, and new leading axes, up to the shape. */
  broadcastTo(x: T, shape: readonly number[]): T;

  /** The same values, cut off from the gradient. */
  stopGradient(x: T): T;
  /** Value of a scalar function and its gradient with respect to each input; zeros where an input has no part in it. */
  valueAndGrads?(f: (inputs: readonly T[]) => T, inputs: readonly T[]): { readonly value: T; readonly grads: readonly T[] };

  /**
   * Fused `tokenLogProbs`: float `logits` of shape `[..., V]`, integer `labels` of shape `[...]`, and so the result. Ignored
   * rows give 0 with zero gradient, labels out of range NaN in value and gradient. Gives `undefined` where the engine has no
   * kernel for this device: then the definition in plain operations runs.
   */
  tokenLogProbs?(logits: T, labels: T, ignoreIndex: number): T | undefined;
  /** Fused `tokenStats`, each statistic of the shape of the labels, without gradient. `undefined` as above. */
  tokenStats?(logits: T, labels: T, ignoreIndex: number): TokenStats<T> | undefined;
  /** Fused `tokenKl`: both `[..., V]`, result `[...]`, with a gradient by `policy` alone. `undefined` as above. */
  tokenKl?(policy: T, reference: T): T | undefined;
  /**
   * `linearTokenLogProbs` without logits of all rows, `[N]`; gradients by hidden states, weight and bias, or by the hidden
   * states alone where the weight is frozen. Left out, the definition runs.
   */
  linearTokenLogProbs?(rows: LinearRows<T>, frozenWeight: boolean): T | undefined;
  /** `linearTokenStats` without logits of all rows, each statistic `[N]`, without gradient. Left out, the definition runs. */
  linearTokenStats?(rows: LinearRows<T>): TokenStats<T> | undefined;
}

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

/** What `tokenStats` gives of each token; all 0 where the label is ignored. */
export interface TokenStats<L> {
  /** Log-prob of the label in nats, at most 0. */
  readonly logps: L;
  /** Entropy of the distribution in nats, from 0 to log V. */
  readonly entropy: L;
  /** 1 where the label is the first of the largest logits, else 0: its mean is the token accuracy. */
  readonly correct: L;
  /** Mean of the V logits. */
  readonly meanLogit: L;
  /** `log(sum over v of p_v^2)`, from -log V to 0: what `wpoWeights` calls `logSumSquares`. */
  readonly logSumSquares: L;
}
