/**
 * The vocabulary that losses are written in. Each operation finds the engine that owns its arguments and runs there, so
 * the same formula runs on plain arrays and on every registered tensor engine.
 *
 * @packageDocumentation
 */
import { backendOf } from './registry.js';
import type { DType, Reduced, Nested, Operand, ScalarOf } from './types.js';

/** `a + b`, with broadcasting. */
export function add<T>(a: T, b: Operand<NoInfer<T>>): T;
export function add<T>(a: Operand<NoInfer<T>>, b: T): T;
export function add<T>(a: Operand<T>, b: Operand<T>): T {
  return backendOf<T>(a, b).add(a as T, b as T);
}

/** `a - b`, with broadcasting. */
export function sub<T>(a: T, b: Operand<NoInfer<T>>): T;
export function sub<T>(a: Operand<NoInfer<T>>, b: T): T;
export function sub<T>(a: Operand<T>, b: Operand<T>): T {
  return backendOf<T>(a, b).sub(a as T, b as T);
}

/** `a * b`, with broadcasting. */
export function mul<T>(a: T, b: Operand<NoInfer<T>>): T;
export function mul<T>(a: Operand<NoInfer<T>>, b: T): T;
export function mul<T>(a: Operand<T>, b: Operand<T>): T {
  return backendOf<T>(a, b).mul(a as T, b as T);
}

/** `a / b`, with broadcasting. */
export function div<T>(a: T, b: Operand<NoInfer<T>>): T;
export function div<T>(a: Operand<NoInfer<T>>, b: T): T;
export function div<T>(a: Operand<T>, b: Operand<T>): T {
  return backendOf<T>(a, b).div(a as T, b as T);
}

/** The larger of the two, with broadcasting. */
export function maximum<T>(a: T, b: Operand<NoInfer<T>>): T;
export function maximum<T>(a: Operand<NoInfer<T>>, b: T): T;
export function maximum<T>(a: Operand<T>, b: Operand<T>): T {
  return backendOf<T>(a, b).maximum(a as T, b as T);
}

/** The smaller of the two, with broadcasting. */
export function minimum<T>(a: T, b: Operand<NoInfer<T>>): T;
export function minimum<T>(a: Operand<NoInfer<T>>, b: T): T;
export function minimum<T>(a: Operand<T>, b: Operand<T>): T {
  return backendOf<T>(a, b).minimum(a as T, b as T);
}

/** `min(max(x, low), high)`. */
export function clip<T>(x: T, low: number, high: number): T {
  return minimum(maximum(x, low), high);
}

/** `-x` */
export function neg<T>(x: T): T {
  return backendOf<T>(x).neg(x);
}

/** `|x|` */
export function abs<T>(x: T): T {
  return backendOf<T>(x).abs(x);
}

/** `x^2` */
export function square<T>(x: T): T {
  const backend = backendOf<T>(x);
  return backend.square?.(x) ?? backend.mul(x, x);
}

/** `e^x` */
export function exp<T>(x: T): T {
  return backendOf<T>(x).exp(x);
}

/** Natural logarithm. */
export function log<T>(x: T): T {
  return backendOf<T>(x).log(x);
}

/** `e^x - 1`, with a small relative error also near 0. */
export function expm1<T>(x: T): T {
  return backendOf<T>(x).expm1(x);
}

/** `log(1 + x)`, with a small relative error also near 0. */
export function log1p<T>(x: T): T {
  return backendOf<T>(x).log1p(x);
}

/** `log(1 + e^x)`, with a small relative error until it underflows; gradient `sigmoid(x)`. */
export function softplus<T>(x: T): T {
  return backendOf<T>(x).softplus(x);
}

/** `1 / (1 + e^-x)`. Write `1 - sigmoid(x)` as `sigmoid(-x)`: the difference cancels for large `x`. */
export function sigmoid<T>(x: T): T {
  return backendOf<T>(x).sigmoid(x);
}

/** `log sigmoid(x) = -softplus(-x)`; gradient `sigmoid(-x)`. */
export function logSigmoid<T>(x: T): T {
  return neg(softplus(neg(x)));
}

/** `max(x, 0)`, NaN for NaN; the gradient at 0 is 0. */
export function relu<T>(x: T): T {
  return where(greaterEqual(0, x), 0, x);
}

/** 1 where `a == b`, otherwise 0; without gradient. */
export function equal<T>(a: T, b: Operand<NoInfer<T>>): T;
export function equal<T>(a: Operand<NoInfer<T>>, b: T): T;
export function equal<T>(a: Operand<T>, b: Operand<T>): T {
  return backendOf<T>(a, b).equal(a as T, b as T);
}

/** 1 where `a > b`, otherwise 0; without gradient. */
export function greater<T>(a: T, b: Operand<NoInfer<T>>): T;
export function greater<T>(a: Operand<NoInfer<T>>, b: T): T;
export function greater<T>(a: Operand<T>, b: Operand<T>): T {
  return backendOf<T>(a, b).greater(a as T, b as T);
}

/** 1 where `a >= b`, otherwise 0; without gradient. */
export function greaterEqual<T>(a: T, b: Operand<NoInfer<T>>): T;
export function greaterEqual<T>(a: Operand<NoInfer<T>>, b: T): T;
export function greaterEqual<T>(a: Operand<T>, b: Operand<T>): T {
  return backendOf<T>(a, b).greaterEqual(a as T, b as T);
}

/** `a` where the condition is non-zero, `b` elsewhere. Values not selected never affect result or gradient, not even NaN. */
export function where<C>(condition: C, a: number, b: number): C;
export function where<C, T>(condition: C, a: T, b: Operand<NoInfer<T>>): T;
export function where<C, T>(condition: C, a: Operand<NoInfer<T>>, b: T): T;
export function where<T>(condition: unknown, a: Operand<T>, b: Operand<T>): T {
  return backendOf<T>(condition, a, b).where(condition as T, a as T, b as T);
}

/** Converts to another dtype: 'int' truncates towards 0, 'bool' is whether a value is not 0. */
export function cast<T>(x: T, dtype: DType): T {
  return backendOf<T>(x).cast(x, dtype);
}

/** Sum of all values. */
export function sum<T>(x: T): ScalarOf<T>;
/** Sum over one axis, which is removed. */
export function sum<T>(x: T, axis: number): Reduced<T>;
export function sum<T>(x: T, axis?: number): unknown {
  return backendOf<T>(x).sum(x, axis);
}

/** Mean of all values. */
export function mean<T>(x: T): ScalarOf<T>;
/** Mean over one axis, which is removed. */
export function mean<T>(x: T, axis: number): Reduced<T>;
export function mean<T>(x: T, axis?: number): unknown {
  const sizes = shape(x);
  const count = axis === undefined ? sizes.reduce((a, b) => a * b, 1) : sizes.at(axis)!;
  return div(backendOf<T>(x).sum(x, axis), count);
}

/** Largest of all values. */
export function max<T>(x: T): ScalarOf<T>;
/** Largest value over one axis, which is removed. */
export function max<T>(x: T, axis: number): Reduced<T>;
export function max<T>(x: T, axis?: number): unknown {
  return backendOf<T>(x).max(x, axis);
}

/**
 * `log(sum(e^x))` over the last axis, without overflow; the gradient is the softmax. A row of -Infinity, or of values that
 * are all far below -1e30, gives -Infinity with zero gradient.
 */
export function logSumExp<T>(x: T): Reduced<T> {
  // The shift cancels in value and gradient, so it needs no gradient. It is never -Infinity, because -Infinity minus itself is NaN.
  const shift = maximum(stopGradient(max(x, -1)) as T, -1e30);
  const total = sum(exp(sub(x, reshape<T>(shift, [...shape(shift), 1]))), -1) as T;
  const isEmpty = equal(total, 0);
  return where(isEmpty, -Infinity, add(log(where(isEmpty, 1, total)), shift)) as Reduced<T>;
}

/** Running sum along the last axis: each value plus all before it. */
export function cumsum<T>(x: T): T {
  return backendOf<T>(x).cumsum(x);
}

/** Sorts ascending along the last axis; the gradient is permuted back. */
export function sort<T>(x: T): T {
  return backendOf<T>(x).sort(x);
}

/** The integer indices that sort the last axis ascending; equal values keep their order. Without gradient. */
export function argsort<T>(x: T): T {
  return backendOf<T>(x).argsort(x);
}

/** `x[indices]` along the first axis; integer `indices` of rank 1, a tensor or a plain list. */
export function take<T>(x: T, indices: T | readonly number[]): T {
  const backend = backendOf<T>(x);
  return backend.take(x, backend.owns(indices) ? (indices as T) : backend.constant(indices as Nested, 'int'));
}

/** `x[start:stop]` along one axis, the first by default. */
export function slice<T>(x: T, start: number, stop: number, axis = 0): T {
  return backendOf<T>(x).slice(x, start, stop, axis);
}

/** Concatenates tensors along one axis, the first by default. */
export function concat<T>(xs: readonly T[], axis = 0): T {
  if (xs.length === 0) throw new RangeError('concat: xs is empty, expected at least one tensor');
  return backendOf<T>(...xs).concat(xs, axis);
}

/** The same values in another shape; `R` is the type of the result. */
export function reshape<R>(x: unknown, shape: readonly number[]): R {
  return backendOf<R>(x).reshape(x as R, shape);
}

/** Repeats axes of size 1, and adds leading axes, to reach the shape. */
export function broadcastTo<R>(x: unknown, shape: readonly number[]): R {
  return backendOf<R>(x).broadcastTo(x as R, shape);
}

/** The same values, without gradient. */
export function stopGradient<T>(x: T): T {
  return backendOf<T>(x).stopGradient(x);
}

/** Sizes of the axes; `[]` for a scalar. */
export function shape(x: unknown): readonly number[] {
  return backendOf(x).shape(x);
}

/** The integers `0 .. n - 1`, `[n]`, on the engine of `like`. */
export function arange<R>(like: unknown, n: number): R {
  return backendOf<R>(like).arange(n);
}

/** Runs `f` and frees the tensors it made on the engine of `like`, except those it returns: one, or a list or record. */
export function scope<R>(like: unknown, f: () => R): R {
  return backendOf(like).scope(f);
}

/**
 * Like {@link scope}, without gradient: nothing that `f` computes is kept for the backward pass. Use it for metrics, statistics
 * and weights; `f` returns a tensor or a record of tensors.
 */
export function detached<R>(like: unknown, f: () => R): R {
  const backend = backendOf<unknown>(like);
  return backend.scope(() => {
    if (backend.detached) return backend.detached(f);
    const result = f();
    if (backend.owns(result)) return backend.stopGradient(result) as R;
    return Object.fromEntries(Object.entries(result as object).map(([name, x]) => [name, backend.stopGradient(x)])) as R;
  });
}
