/**
 * The vocabulary that losses are written in. Each operation finds the engine that owns its arguments and runs there, so
 * the same formula runs on plain lists and on every tensor engine.
 *
 * @packageDocumentation
 */
import { sizeOf } from './arrays/shapes.js';
import { constantOn, lifted } from './lifted.js';
import { backendOf, ownerOf } from './registry.js';
import type { DType, Reduced, Operand, OrPlain, ScalarOf } from './types.js';

/** The binary operations of an engine. */
type Binary = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum' | 'equal' | 'greater' | 'greaterEqual';

/** Runs an operation on the engine of its operands. */
function binary<T>(name: Binary, a: Operand<T>, b: Operand<T>): T {
  const backend = backendOf<T>(a, b);
  return lifted(backend, [a, b], ([x, y]) => backend[name](x!, y!));
}

/** `a + b`, with broadcasting. */
export function add<T>(a: T, b: Operand<NoInfer<T>>): T;
export function add<T>(a: Operand<NoInfer<T>>, b: T): T;
export function add<T>(a: Operand<T>, b: Operand<T>): T {
  return binary('add', a, b);
}

/** `a - b`, with broadcasting. */
export function sub<T>(a: T, b: Operand<NoInfer<T>>): T;
export function sub<T>(a: Operand<NoInfer<T>>, b: T): T;
export function sub<T>(a: Operand<T>, b: Operand<T>): T {
  return binary('sub', a, b);
}

/** `a * b`, with broadcasting. */
export function mul<T>(a: T, b: Operand<NoInfer<T>>): T;
export function mul<T>(a: Operand<NoInfer<T>>, b: T): T;
export function mul<T>(a: Operand<T>, b: Operand<T>): T {
  return binary('mul', a, b);
}

/** `a / b`, with broadcasting. */
export function div<T>(a: T, b: Operand<NoInfer<T>>): T;
export function div<T>(a: Operand<NoInfer<T>>, b: T): T;
export function div<T>(a: Operand<T>, b: Operand<T>): T {
  return binary('div', a, b);
}

/** The larger of the two, NaN if either is, with broadcasting. */
export function maximum<T>(a: T, b: Operand<NoInfer<T>>): T;
export function maximum<T>(a: Operand<NoInfer<T>>, b: T): T;
export function maximum<T>(a: Operand<T>, b: Operand<T>): T {
  return binary('maximum', a, b);
}

/** The smaller of the two, NaN if either is, with broadcasting. */
export function minimum<T>(a: T, b: Operand<NoInfer<T>>): T;
export function minimum<T>(a: Operand<NoInfer<T>>, b: T): T;
export function minimum<T>(a: Operand<T>, b: Operand<T>): T {
  return binary('minimum', a, b);
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

/** The square root of `x > 0`; at 0 the gradient is infinite. */
export function sqrt<T>(x: T): T {
  return backendOf<T>(x).sqrt?.(x) ?? exp(mul(log(x), 0.5));
}

/** `x^y` for `x > 0`, and for `x = 0` if `y >= 1`, with broadcasting. */
export function pow<T>(x: T, y: Operand<NoInfer<T>>): T;
export function pow<T>(x: Operand<NoInfer<T>>, y: T): T;
export function pow<T>(x: Operand<T>, y: Operand<T>): T {
  const backend = backendOf<T>(x, y);
  if (!backend.pow) return exp(mul(log(x as T), y));
  return lifted(backend, [x, y], ([base, exponent]) => backend.pow!(base!, exponent!));
}

/** `e^x` */
export function exp<T>(x: T): T {
  return backendOf<T>(x).exp(x);
}

/** Natural logarithm of `x > 0`. */
export function log<T>(x: T): T {
  return backendOf<T>(x).log(x);
}

/** `e^x - 1`, with a small relative error also near 0. */
export function expm1<T>(x: T): T {
  return backendOf<T>(x).expm1(x);
}

/** `log(1 + x)` for `x > -1`, with a small relative error also near 0. */
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

/**
 * `log(1 - e^x)` for `x <= 0`: the log-probability of the complement of an event with log-probability x.
 *
 *     log1mexp(x) = log(-expm1(x))      d/dx = e^x / expm1(x) = -1 / expm1(-x)
 *
 * `-expm1(x)` does not cancel near 0; `1 - e^x` would be 0 in float32 for x above -3e-8. The absolute error is at rounding
 * level for every x. In float32, the relative error of the value, not of the gradient, grows below x = -16, where its magnitude
 * is under 2e-7.
 *
 * At 0, value and slope are -Infinity. Arguments above -1e-30 (a log-probability of 0, or one that rounding made positive)
 * count as -1e-30, in value and gradient: -69.08 and -1e30, which stays finite in float32 when multiplied by a weight.
 */
export function log1mexp<T>(x: T): T {
  // 0 with a slope of 1, so that a clamped argument still passes its gradient on.
  const zeroOfSlopeOne = sub(x, stopGradient(x));
  const clamped = where(greater(x, -1e-30), sub(zeroOfSlopeOne, 1e-30), x);
  return log(neg(expm1(clamped)));
}

/**
 * The hyperbolic tangent, with a small relative error:
 *
 *     tanh(x) = m / (m + 2),  m = e^(2x) - 1      d/dx = 1 - tanh(x)^2; 0 above x = 20, where it is below 2e-17
 */
export function tanh<T>(x: T): T {
  const m = expm1(mul(minimum(x, 20), 2));
  return div(m, add(m, 2));
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
  return binary('equal', a, b);
}

/** 1 where `a > b`, otherwise 0; without gradient. */
export function greater<T>(a: T, b: Operand<NoInfer<T>>): T;
export function greater<T>(a: Operand<NoInfer<T>>, b: T): T;
export function greater<T>(a: Operand<T>, b: Operand<T>): T {
  return binary('greater', a, b);
}

/** 1 where `a >= b`, otherwise 0; without gradient. */
export function greaterEqual<T>(a: T, b: Operand<NoInfer<T>>): T;
export function greaterEqual<T>(a: Operand<NoInfer<T>>, b: T): T;
export function greaterEqual<T>(a: Operand<T>, b: Operand<T>): T {
  return binary('greaterEqual', a, b);
}

/** 1 where `a < b`, otherwise 0; without gradient. */
export function less<T>(a: T, b: Operand<NoInfer<T>>): T;
export function less<T>(a: Operand<NoInfer<T>>, b: T): T;
export function less<T>(a: Operand<T>, b: Operand<T>): T {
  return binary('greater', b, a);
}

/** 1 where `a <= b`, otherwise 0; without gradient. */
export function lessEqual<T>(a: T, b: Operand<NoInfer<T>>): T;
export function lessEqual<T>(a: Operand<NoInfer<T>>, b: T): T;
export function lessEqual<T>(a: Operand<T>, b: Operand<T>): T {
  return binary('greaterEqual', b, a);
}

/** `a` where the condition is non-zero, `b` elsewhere. Values not selected never affect result or gradient, not even NaN. */
export function where<C>(condition: C, a: number, b: number): C;
export function where<C, T>(condition: C, a: T, b: Operand<NoInfer<T>>): T;
export function where<C, T>(condition: C, a: Operand<NoInfer<T>>, b: T): T;
export function where<T>(condition: unknown, a: Operand<T>, b: Operand<T>): T {
  const backend = backendOf<T>(condition, a, b);
  return lifted(backend, [condition, a, b], ([c, x, y]) => backend.where(c!, x!, y!));
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
  const count = axis === undefined ? sizeOf(sizes) : sizes.at(axis)!;
  if (count === 0) throw new RangeError(`mean: x has shape [${sizes.join(', ')}], expected at least one value`);
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
 * `log(sum(e^x))` over one axis, the last by default, without overflow; the gradient is the softmax. A row of -Infinity, or of
 * values that are all far below -1e30, gives -Infinity with zero gradient.
 */
export function logSumExp<T>(x: T, axis = -1): Reduced<T> {
  // The shift cancels in value and gradient, so it needs no gradient. It is never -Infinity, because -Infinity minus itself is NaN.
  const shift = maximum(stopGradient(max(x, axis)) as T, -1e30);
  const sizes = shape(x).map((size, i, all) => (i === axis || i === axis + all.length ? 1 : size));
  const total = sum(exp(sub(x, reshape<T>(shift, sizes))), axis) as T;
  const isEmpty = equal(total, 0);
  return where(isEmpty, -Infinity, add(log(where(isEmpty, 1, total)), shift));
}

/** Running sum along the last axis: each value plus all before it. */
export function cumsum<T>(x: T): T {
  return backendOf<T>(x).cumsum(x);
}

/** Sorts ascending along the last axis; the gradient is permuted back. */
export function sort<T>(x: T): T {
  return backendOf<T>(x).sort(x);
}

/** `x[indices]` along the first axis; integer `indices` of rank 1, a tensor or a plain list. */
export function take<T>(x: T, indices: T | readonly number[]): T {
  const backend = backendOf<T>(x);
  return lifted(backend, [x, indices], ([values, at]) => backend.take(values!, at!), 'int');
}

/** `x[start:stop]` along one axis, the first by default. */
export function slice<T>(x: T, start: number, stop: number, axis = 0): T {
  return backendOf<T>(x).slice(x, start, stop, axis);
}

/** Concatenates tensors along one axis, the first by default. */
export function concat<T>(xs: readonly T[], axis = 0): T {
  if (xs.length === 0) throw new RangeError('concat: xs is empty, expected at least one tensor');
  const backend = backendOf<T>(...xs);
  return lifted(backend, xs, (all) => backend.concat(all, axis));
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

/** Plain values as a tensor of the engine of `like`, 'float' by default; a tensor is returned as it is. */
export function constant<R>(like: unknown, values: OrPlain<R> | number, dtype: DType = 'float'): R {
  return constantOn(backendOf<R>(like), values, dtype);
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
    const constant = (x: unknown): unknown => (backend.owns(x) ? backend.stopGradient(x) : x);
    // A tensor, or plain values, which are constants.
    if (ownerOf(result)) return constant(result) as R;
    return Object.fromEntries(Object.entries(result as object).map(([name, x]) => [name, constant(x)])) as R;
  });
}
