import type { TensorTypes } from './tensorTypes.js';
import type { DType, TypedArray } from './dtypes.js';

export type { DType, TypedArray };

/** A number, or a list of numbers nested to any depth: a tensor of the engine of plain lists. */
export type Nested = number | readonly Nested[];

/**
 * Plain values: a list of numbers or booleans (1 and 0), nested to any depth, or a typed array. Next to tensors, plain values
 * are constants on the engine of the tensors.
 */
export type PlainList = TypedArray | readonly (number | boolean | PlainList)[];

/** A tensor of type `T`, or plain values of the same shape; see {@link PlainList}. */
export type OrPlain<T> = T | PlainList;

/**
 * A tensor engine: the few operations that every loss is written in, on tensors of type `T`.
 *
 * An engine fixes its own quirks inside these methods, so that a loss never has to know where it runs. `backendConformance` of
 * `prefloss/testing` tests the points below.
 *
 * - **Inputs** are alive and unchanged after each method but `dispose`. The same tensor may be both operands.
 * - **Memory.** A method leaves its result and no other tensor, also outside of a scope.
 * - **Broadcasting** of binary operations and `where` is NumPy's. Either operand, not both, may be a plain number. Axes may be negative.
 * - **Kinds.** A number counts as a float, a condition in arithmetic as 0 or 1. `add`, `sub`, `mul`, `maximum`, `minimum` and the sides of
 *   `where` give integers if both are tensors of integers, otherwise floats; `neg`, `abs`, `square`, `sum`, `max` and `cumsum` integers of
 *   integers, otherwise floats; comparisons conditions; `arange` integers. Methods that only move values keep their kind; `concat` of
 *   several kinds gives floats. All else gives floats.
 * - **NaN** goes through arithmetic, functions, `maximum`, `minimum`, `max`, `sum` and `cumsum`. A comparison with it is false.
 * - **Accuracy**, in float32: sums of two, differences and products to rounding, quotients to 2.5 units in the last place, functions to
 *   1e-6 of the value over the whole range, or 1e-7 `|log value|` where that is more, `sum` to 1e-6 of the sum of magnitudes; statistics
 *   of tokens to 5e-6 of the value, or of 1 where that is more. In float64, all to 1e-12.
 * - **Gradients**, on an engine that has them: operations on floats are differentiable unless marked "without gradient". At ties,
 *   `maximum` and `minimum` share the gradient among both operands, `max` gives each of the largest values a share from 0 to 1, at least 1
 *   together, and `abs` has a slope from -1 to 1. The gradient of an operand that is repeated 0 times is left open.
 */
export interface Backend<T> {
  /** Unique name, for messages. Registering a second engine with the same name replaces the first. */
  readonly name: string;

  /** Whether the value is a tensor of this engine, or stands for one while a transform such as `jit` or `grad` runs. */
  owns(value: unknown): boolean;
  /** Sizes of the axes; `[]` for a scalar. RangeError for a ragged list, TypeError for a list of anything but numbers. */
  shape(x: T): readonly number[];
  /** The kind of the elements. */
  dtype(x: T): DType;
  /** Whether tensors carry no kind, like plain numbers: `dtype` always returns 'float', and checks test only the values. */
  readonly isUntyped?: boolean;
  /** Whether the tensor was disposed. Omitted by engines without manual memory management. */
  isDisposed?(x: T): boolean;
  /** What to do about a disposed tensor, for the error that names it. */
  readonly ifDisposed?: string;
  /** Frees the memory of a tensor. Omitted by engines without manual memory management. */
  dispose?(x: T): void;

  /** The values in row-major order; `undefined` if reading them means waiting for a device, or if there are none yet, as in a trace. */
  peek(x: T): ArrayLike<number> | undefined;
  /** Whether `peek` would give the values. If omitted, `peek` is asked, which may compute and copy them. */
  isReadable?(x: T): boolean;
  /** The values of several tensors, each in row-major order, read back with one transfer. */
  read(xs: readonly T[]): Promise<ArrayLike<number>[]>;
  /**
   * Runs `f` and frees the tensors it made, also if it throws, except those that it returns: one, or records and lists of them, nested to
   * any depth. These belong to the scope around it, if there is one. An input may be among them, and is nobody's to free.
   */
  scope<R>(f: () => R): R;

  /** A tensor of the given values, nested lists or a typed array `[n]`; 'float' by default. */
  constant(values: Nested | TypedArray, dtype?: DType): T;
  /** The integers `0 .. n - 1`, `[n]`. */
  arange(n: number): T;
  /** Converts to another kind: 'int' truncates towards 0, 'bool' is whether a value is not 0. */
  cast(x: T, dtype: DType): T;

  /** `a + b` */
  add(a: T | number, b: T | number): T;
  /** `a - b` */
  sub(a: T | number, b: T | number): T;
  /** `a * b` */
  mul(a: T | number, b: T | number): T;
  /** `a / b`, a float also for two integers. */
  div(a: T | number, b: T | number): T;
  /** The larger of the two, NaN if either is. */
  maximum(a: T | number, b: T | number): T;
  /** The smaller of the two, NaN if either is. */
  minimum(a: T | number, b: T | number): T;
  /** `-x` */
  neg(x: T): T;
  /** `|x|` */
  abs(x: T): T;
  /** `x^2`. If omitted, `x * x` is used. */
  square?(x: T): T;
  /** `e^x` */
  exp(x: T): T;
  /** Natural logarithm; -Infinity at 0, NaN below. */
  log(x: T): T;
  /** `e^x - 1`, with a small relative error also near 0. */
  expm1(x: T): T;
  /** `log(1 + x)`, with a small relative error also near 0; -Infinity at -1, NaN below. */
  log1p(x: T): T;
  /** `log(1 + e^x)`, with a small relative error until it underflows, and without overflow, in value and gradient. */
  softplus(x: T): T;
  /** `1 / (1 + e^-x)`, with a small relative error until it underflows, and without overflow, in value and gradient. */
  sigmoid(x: T): T;
  /** `sqrt(x)` for `x > 0`. If omitted, `e^(log(x) / 2)` is used. */
  sqrt?(x: T): T;
  /** `x^y` for `x > 0`, and 0 for `x = 0` if `y >= 1`. If omitted, `e^(y log(x))` is used. */
  pow?(x: T | number, y: T | number): T;

  /** `a == b`, without gradient. */
  equal(a: T | number, b: T | number): T;
  /** `a > b`, without gradient. */
  greater(a: T | number, b: T | number): T;
  /** `a >= b`, without gradient. */
  greaterEqual(a: T | number, b: T | number): T;
  /**
   * `a` where the condition, a tensor of any kind, is not 0, `b` elsewhere; both may be numbers. Values not selected never affect result
   * or gradient, not even NaN.
   */
  where(condition: T, a: T | number, b: T | number): T;

  /** Sum over one axis, which is removed, or over all axes. */
  sum(x: T, axis?: number): T;
  /** Largest value over one axis, which is removed, or over all axes. */
  max(x: T, axis?: number): T;
  /** Running sum along the last axis: each value plus all before it. */
  cumsum(x: T): T;
  /** Sorts ascending along the last axis; the gradient is permuted back. */
  sort(x: T): T;

  /**
   * `x[indices]` along the first axis; integer `indices` of rank 1. The gradient of a row that is taken twice is the sum of both. An index
   * out of range throws, or gives NaN in value and gradient; of integers, which have no NaN, -2^31.
   */
  take(x: T, indices: T): T;
  /** `x[start:stop]` along one axis. */
  slice(x: T, start: number, stop: number, axis: number): T;
  /** Concatenates along one axis. */
  concat(xs: readonly T[], axis: number): T;
  /** The same values in another shape. */
  reshape(x: T, shape: readonly number[]): T;
  /** Repeats axes of size 1, and adds leading axes, to reach the shape. */
  broadcastTo(x: T, shape: readonly number[]): T;

  /** The same values in a tensor of its own, without gradient. */
  stopGradient(x: T): T;
  /** Runs `f` without recording it for the backward pass; its results are constants. If omitted, `stopGradient` is applied to them. */
  detached?<R>(f: () => R): R;
  /**
   * Value of a scalar function, and its gradient with respect to each input: zeros for an input that it does not depend on. Value and
   * gradients belong to the caller, or to the scope that it is called in; what `f` makes is freed, what it returns is taken over. Calls
   * are not nested. Omitted by engines without gradients.
   */
  valueAndGrads?(f: (inputs: readonly T[]) => T, inputs: readonly T[]): { readonly value: T; readonly grads: readonly T[] };

  /**
   * The matrix product of floats `a [M, K]` and `b [K, N]`, or `[N, K]` if `transposeB`: `[M, N]`. If omitted, the definition of the linear
   * form multiplies row by row.
   */
  matmul?(a: T, b: T, transposeB: boolean): T;
  /**
   * Fused `tokenLogProbs`: float `logits [..., V]` and integer `labels [...]`; returns floats `[...]`. Ignored rows give 0 with
   * zero gradient. Where `peek` cannot read the labels, labels out of range give NaN in value and gradient; readable labels
   * were checked before. Returns `undefined` if the engine has no kernel for this device: then the definition in plain
   * operations runs.
   */
  tokenLogProbs?(logits: T, labels: T, ignoreIndex: number): T | undefined;
  /** Fused `tokenStats`: each statistic has the shape of the labels. Without gradient. `undefined` as above. */
  tokenStats?(logits: T, labels: T, ignoreIndex: number): TokenStats<T> | undefined;
  /** Fused `tokenDivergence`: both `[..., V]`, result `[...]`, with a gradient for `policy` only. `undefined` as above. */
  tokenDivergence?(policy: T, reference: T, divergence: TokenDivergence, weight: number): T | undefined;
  /**
   * `linearTokenLogProbs`, `[N]`, without the logits of all rows in memory at once; with gradients for hidden states, weight
   * and bias, or for the hidden states only if the weight is frozen. If omitted or `undefined`, the definition runs.
   */
  linearTokenLogProbs?(rows: LinearRows<T>, frozenWeight: boolean): T | undefined;
  /** `linearTokenStats`, each statistic `[N]`, in the same way. Without gradient. */
  linearTokenStats?(rows: LinearRows<T>): TokenStats<T> | undefined;
  /**
   * `linearTokenDivergence`, `[N]`, in the same way, from the rows of policy and reference, with gradients for the policy's hidden states,
   * weight and bias, or for its hidden states only if the weight is frozen.
   */
  linearTokenDivergence?(
    policy: LinearRows<T>,
    reference: LinearRows<T>,
    divergence: TokenDivergence,
    weight: number,
    frozenWeight: boolean,
  ): T | undefined;
}

/**
 * The tensor type with one axis fewer than `T`: `number[]` for `number[][]`, `Tensor1D` for `Tensor2D`. It is the type of a
 * reduction over one axis. For other types, such as `Tensor` of unknown rank, it is `T` itself.
 */
export type Reduced<T> = TensorTypes<T>['reduced'];

/** The tensor type with one axis more than `T`: `number[][]` for `number[]`, `Tensor3D` for `Tensor2D`; otherwise `T` itself. */
export type Raised<T> = TensorTypes<T>['raised'];

/** The type of a scalar on the engine of `T`: `number` for arrays, `tf.Scalar` for TensorFlow.js, otherwise `T`. */
export type ScalarOf<T> = TensorTypes<T>['scalar'];

/** The other operand of an operation on a `T`: a `T`, a scalar of its engine, a number, or plain values. */
export type Operand<T> = OrPlain<T> | ScalarOf<T> | number;

/** A statistic that goes with a `T`: a scalar of its engine, or a number. */
export type Statistic<T> = ScalarOf<T> | number;

/** Order of the axes of an output embedding: `[V, D]`, or `[D, V]` like the kernel of a dense layer. */
export type WeightLayout = 'vocabularyByHidden' | 'hiddenByVocabulary';

/** A divergence between policy and reference: KL(reference || policy), KL(policy || reference), or a mean of both to their mixture. */
export type TokenDivergence = 'forwardKl' | 'reverseKl' | 'jensenShannon';

/** Flat rows for the linear methods of an engine. Ignored rows are omitted, or have label 0 and zero hidden states. */
export interface LinearRows<T> {
  /** `[N, D]` */
  readonly hidden: T;
  /** `[V, D]` or `[D, V]`, see `layout`. Engines compute with it as it is: a transposed copy would be as large as the weight. */
  readonly weight: T;
  /** The order of the axes of `weight`. */
  readonly layout: WeightLayout;
  /** `[V]` */
  readonly bias: T | undefined;
  /** Integers `[N]` in `[0, V)`; some may be out of range if values cannot be read: the caller makes their results NaN. */
  readonly labels: T;
  /** If given, the logits are `cap * tanh(hidden weight^T + bias)`, otherwise `hidden weight^T + bias`, for a weight `[V, D]`. */
  readonly cap: number | undefined;
  /** Vocabulary tokens per chunk; if undefined, the engine chooses. */
  readonly chunkSize: number | undefined;
}

/** Per-token statistics of `tokenStats`, as floats; all are 0 where the label is ignored. */
export type TokenStats<L> = {
  /** Log-prob of the label in nats, at most 0. */
  readonly logps: L;
  /** Entropy of the distribution in nats, from 0 to log V. */
  readonly entropy: L;
  /** 1 where the label is the argmax (the first of equal logits), otherwise 0. The mean over counted tokens is the accuracy. */
  readonly correct: L;
  /** Mean of the V logits. */
  readonly meanLogit: L;
  /** `log(sum over v of p_v^2)`, from -log V to 0: the `logSumSquares` of `wpoWeights`. */
  readonly logSumSquares: L;
};
