import * as jax from '@jax-js/jax';
import { axisFrom0 } from '../backend/arrays/shapes.js';
import type { Backend } from '../backend/types.js';
import { div, mul } from './products.js';
import { maximum, max, minimum } from './extremes.js';
import { log, log1p, pow, sigmoid, softplus } from './functions.js';
import { comparison } from './comparisons.js';
import { concat } from './concat.js';
import { another, cast, condition, constant, float, floats, kindOf, numeric, operands, type T } from './kinds.js';
import { keepingNaN } from './nan.js';
import { noted, owning, owns, scope } from './owning.js';
import { sum } from './sums.js';
import { take } from './take.js';

const { lax, numpy: np } = jax;

const binary =
  (f: (a: T, b: T) => T) =>
  (a: T | number, b: T | number): T =>
    noted(f(...operands(a, b)));

const ofFloat =
  (f: (x: T) => T) =>
  (x: T): T =>
    noted(keepingNaN(f)(float(x)));

const ofNumber =
  (f: (x: T) => T) =>
  (x: T): T =>
    noted(f(numeric(x)));

const comparisonOf = (f: (a: T, b: T) => T) => {
  const compare = comparison(f);
  return (a: T | number, b: T | number): T => noted(compare(a, b));
};

/** Whether the values are in memory: not on a GPU, and not a stand-in for values that a transform does not have. */
const isReadable = (x: T): boolean => x instanceof jax.Array && (x.device === 'wasm' || x.device === 'cpu');

function slice(x: T, start: number, stop: number, axis: number): T {
  const at = axisFrom0(axis, x.shape);
  return x.ref.slice(...x.shape.map((_, i): [] | [number, number] => (i === at ? [start, stop] : [])));
}

async function read(xs: readonly T[]): Promise<ArrayLike<number>[]> {
  return Promise.all(
    xs.map((x) => {
      if (x instanceof jax.Array) return x.ref.data() as Promise<ArrayLike<number>>;
      throw new TypeError('a value of jax-js is read while jit, grad or vmap runs: return it from the function and read it there');
    }),
  );
}

function valueAndGrads(f: (inputs: readonly T[]) => T, inputs: readonly T[]): { value: T; grads: T[] } {
  const run = jax.valueAndGrad(
    owning((...own: T[]) => f(own)),
    { argnums: inputs.map((_, i) => i) },
  );
  const [value, grads] = run(...inputs.map((x) => x.ref)) as unknown as [T, T[]];
  return { value: noted(value), grads: grads.map(noted) };
}

/**
 * The jax-js engine. Functions of jax-js consume their arguments, those of an engine must not: each argument is passed as `.ref`, and each
 * result goes to the innermost scope. The modules of this folder work around the quirks of jax-js 0.1.25.
 */
export const jaxJs: Backend<T> = {
  name: 'jax-js',
  owns,
  shape: (x) => x.shape,
  dtype: kindOf,
  isDisposed: (x) => x instanceof jax.Array && x.refCount <= 0,
  ifDisposed: 'functions of jax-js consume their arguments, pass them x.ref to keep x',
  dispose: (x) => {
    x.dispose();
  },

  peek: (x) => (isReadable(x) ? (x.ref.dataSync() as ArrayLike<number>) : undefined),
  isReadable,
  read,
  scope,

  constant: (values, dtype) => noted(constant(values, dtype)),
  arange: (n) => noted(np.arange(n)),
  cast: (x, dtype) => noted(cast(x, dtype)),

  add: binary(np.add),
  sub: binary(np.subtract),
  mul: (a, b) => noted(mul(a, b)),
  div: (a, b) => noted(div(a, b)),
  maximum: (a, b) => noted(maximum(a, b)),
  minimum: (a, b) => noted(minimum(a, b)),
  neg: ofNumber(np.negative),
  abs: ofNumber(np.absolute),
  square: ofNumber(np.square),
  sqrt: ofFloat(np.sqrt),
  pow: (x, y) => noted(keepingNaN(pow)(...floats(x, y))),
  exp: ofFloat(np.exp),
  log: ofFloat(log),
  expm1: ofFloat(np.expm1),
  log1p: ofFloat(log1p),
  softplus: ofFloat(softplus),
  sigmoid: ofFloat(sigmoid),

  equal: comparisonOf(np.equal),
  greater: comparisonOf(np.greater),
  greaterEqual: comparisonOf(np.greaterEqual),
  where: (c, a, b) => noted(np.where(condition(c), ...operands(a, b))),

  sum: (x, axis) => noted(sum(x, axis)),
  max: (x, axis) => noted(max(x, axis)),
  cumsum: ofNumber((x) => np.cumsum(x, -1)),
  sort: (x) => noted(np.sort(x.ref)),

  take: (x, indices) => noted(take(x, indices)),
  slice: (x, start, stop, axis) => noted(slice(x, start, stop, axis)),
  concat: (xs, axis) => noted(concat(xs, axis)),
  reshape: (x, shape) => noted(np.reshape(x.ref, [...shape])),
  broadcastTo: (x, shape) => noted(np.broadcastTo(x.ref, [...shape])),

  stopGradient: (x) => noted(lax.stopGradient(another(x))),
  valueAndGrads,
  matmul: (a, b, transposeB) => noted(np.matmul(a.ref, transposeB ? np.transpose(b.ref) : b.ref)),
};
