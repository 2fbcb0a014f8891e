import { arrays } from './arrays/arrays.js';
import type { LinearRows } from './types.js';

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
  /** Sizes of the axes; `[]` for a scalar. Throws if the value is ragged. */
  shape(x: T): readonly number[];
  /** Kind of the elements. */
  dtype(x: T): DType;
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
  /**
   * Fused `tokenStats` of N tokens, `[5, N]`: log-prob of the label, entropy, whether it is the first of the largest, mean
   * logit, and the log of the sum of squared probabilities; without gradient, 0 for ignored ones. `undefined` as above.
   */
  tokenStats?(logits: T, labels: T, ignoreIndex: number): T | undefined;
  /** Fused `tokenKl`: both `[..., V]`, result `[...]`, with a gradient by `policy` alone. `undefined` as above. */
  tokenKl?(policy: T, reference: T): T | undefined;
  /**
   * `linearTokenLogProbs` without logits of all rows, `[N]`; gradients by hidden states, weight and bias, or by the hidden
   * states alone where the weight is frozen. Left out, the definition runs.
   */
  linearTokenLogProbs?(rows: LinearRows<T>, frozenWeight: boolean): T;
  /**
   * `linearTokenStats` without logits of all rows, without gradient: `[5, N]` in the order of `tokenStats`, which `statsOf` gives of
   * logits `[N, C]` and labels `[N]`. Left out, the definition runs.
   */
  linearTokenStats?(rows: LinearRows<T>, statsOf: (logits: T, labels: T) => T): T;
}

// One list for all copies of this module, so that the ESM and the CommonJS build see each other's engines.
const key = Symbol.for('prefloss.backends');
const registry = ((globalThis as Record<symbol, unknown>)[key] ??= []) as Backend<unknown>[];

/**
 * Makes the tensors of an engine known to every loss. The newest registration that owns a value serves it.
 *
 * @param backend - The engine. One of the same name is replaced.
 * @returns A function that takes the registration back.
 */
export function registerBackend<T>(backend: Backend<T>): () => void {
  const same = registry.findIndex((b) => b.name === backend.name);
  if (same >= 0) registry.splice(same, 1);
  registry.unshift(backend);
  return () => {
    const at = registry.indexOf(backend);
    if (at >= 0) registry.splice(at, 1);
  };
}

/**
 * The engine that the values belong to. Plain numbers go along with any engine.
 *
 * @throws TypeError if no engine owns one of the values, or if they belong to two.
 */
export function backendOf<T>(...values: readonly unknown[]): Backend<T> {
  let first: Backend<unknown> | undefined;
  for (const value of values) {
    if (typeof value === 'number') continue;
    if (!first) first = owner(value);
    else if (!first.owns(value)) throw new TypeError(`values of two engines cannot be mixed: ${first.name} and ${owner(value).name}`);
  }
  return (first ?? owner(values[0])) as Backend<T>;
}

function owner(value: unknown): Backend<unknown> {
  for (const backend of registry) if (backend.owns(value)) return backend;
  if (arrays.owns(value)) return arrays;
  throw new TypeError(`no registered engine owns ${describe(value)}${hint(value)}`);
}

/** What a value is, in words for an error message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object') return `a value of type ${(value as { constructor?: { name: string } }).constructor?.name ?? 'Object'}`;
  return `a ${typeof value}`;
}

function hint(value: unknown): string {
  if (ArrayBuffer.isView(value)) return '; convert it with Array.from';
  const tensor = typeof value === 'object' && value !== null && 'dataId' in value;
  return tensor ? "; for TensorFlow.js tensors import 'prefloss' instead of 'prefloss/core'" : '';
}
