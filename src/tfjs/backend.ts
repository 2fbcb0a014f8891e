import * as tf from '@tensorflow/tfjs-core';
import type { Backend, DType } from '../backend/types.js';
import { expm1, log1p, sigmoid, softplus } from './elementary.js';
import { linearTokenLogProbs } from './linearTokenLogProbs.js';
import { linearTokenStats } from './linearTokenStats.js';
import { tokenKl } from './tokenKl.js';
import { tokenLogProbs } from './tokenLogProbs.js';
import { tokenStats } from './tokenStats.js';
import { max } from './max.js';
import { isSynchronous } from './synchronous.js';
import { sum } from './sum.js';
import { take } from './take.js';
import { untaped } from './training/noGrad.js';
import { valueAndGrads } from './training/valueAndGrads.js';

type T = tf.Tensor;

const dtypes = { float: 'float32', int: 'int32', bool: 'bool' } as const;

/** A comparison on the tape throws in the backward pass, so none is ever put there. */
const detached =
  (f: (a: T | number, b: T | number) => T) =>
  (a: T | number, b: T | number): T =>
    untaped(() => f(a, b));

/** Conditions as numbers: tfjs calculates with their bytes, and on wasm reads beyond them. */
const numeric = <V extends T | number>(x: V): V => (typeof x !== 'number' && x.dtype === 'bool' ? (tf.cast(x, 'float32') as V) : x);

const float = <V extends T | number>(x: V): V => (typeof x !== 'number' && x.dtype !== 'float32' ? (tf.cast(x, 'float32') as V) : x);

const condition = (x: T): T => untaped(() => tf.notEqual(x, 0));

/**
 * The TensorFlow.js engine, on whatever tfjs backend is active: webgpu, webgl, wasm, cpu, tensorflow. All the quirks of
 * those are dealt with in this folder.
 */
export const tfjs: Backend<T> = {
  name: 'tensorflow.js',
  owns: (value) => value instanceof tf.Tensor,
  shape: (x) => x.shape,
  dtype: (x): DType => (x.dtype === 'int32' ? 'int' : x.dtype === 'bool' ? 'bool' : 'float'),
  isDisposed: (x) => x.isDisposed,
  dispose: (x) => {
    x.dispose();
  },

  peek: (x) => (isSynchronous() ? x.dataSync() : undefined),
  read,
  scope: (f) => tf.tidy(f as () => tf.TensorContainer) as ReturnType<typeof f>,

  constant: (values, dtype = 'float') => tf.tensor(values, undefined, dtypes[dtype]),
  arange: (n) => tf.range(0, n, 1, 'int32'),
  // A cast of floats to bool on wasm keeps their bits.
  cast: (x, dtype) => (dtype === 'bool' ? condition(x) : tf.cast(x, dtypes[dtype])),

  add: (a, b) => tf.add(numeric(a), numeric(b)),
  sub: (a, b) => tf.sub(numeric(a), numeric(b)),
  mul: (a, b) => tf.mul(numeric(a), numeric(b)),
  // tfjs rounds a quotient of integers down.
  div: (a, b) => tf.div(float(a), float(b)),
  maximum: (a, b) => tf.maximum(numeric(a), numeric(b)),
  minimum: (a, b) => tf.minimum(numeric(a), numeric(b)),
  neg: (x) => tf.neg(numeric(x)),
  abs: (x) => tf.abs(numeric(x)),
  square: (x) => tf.square(numeric(x)),
  exp: (x) => tf.exp(float(x)),
  log: (x) => tf.log(float(x)),
  expm1: (x) => expm1(float(x)),
  log1p: (x) => log1p(float(x)),
  softplus: (x) => softplus(float(x)),
  sigmoid: (x) => sigmoid(float(x)),

  equal: detached(tf.equal),
  greater: detached(tf.greater),
  greaterEqual: detached(tf.greaterEqual),
  where,

  sum: (x, axis) => sum(numeric(x), axis),
  max: (x, axis) => max(numeric(x), axis),
  // On cpu a negative axis gives nothing at all.
  cumsum: (x) => tf.cumsum(numeric(x), x.rank - 1),
  sort,
  argsort,

  take,
  slice: (x, start, stop, axis) => {
    const at = axis < 0 ? axis + x.rank : axis;
    const begin = x.shape.map((_, i) => (i === at ? start : 0));
    return tf.slice(
      x,
      begin,
      x.shape.map((size, i) => (i === at ? stop - start : size)),
    );
  },
  concat: (xs, axis) => tf.concat([...xs], axis),
  reshape: (x, shape) => tf.reshape(x, [...shape]),
  broadcastTo: (x, shape) => tf.broadcastTo(x, [...shape] as never),

  stopGradient: (x) => untaped(() => tf.clone(x)),
  valueAndGrads: valueAndInputGrads,
  tokenLogProbs,
  tokenStats,
  tokenKl,
  linearTokenLogProbs,
  linearTokenStats,
};

/**
 * `tf.where` does not look at kinds, and on wasm writes floats into the memory of a bool tensor; nor can it repeat the bytes
 * of a condition there.
 */
function where(c: T, a: T | number, b: T | number): T {
  const [x, y] = [a, b].map((v) => (typeof v === 'number' ? tf.scalar(v) : v)) as [T, T];
  const asFloats = x.dtype !== y.dtype || x.dtype === 'bool';
  const [whole, ...values] = [c, x, y].map((v) => v.shape);
  const to = values.reduce((from, shape) => tf.broadcast_util.assertAndGetBroadcastShape(from, shape), whole!);
  const isSmaller = tf.util.sizeFromShape(to) !== c.size;
  const repeated = isSmaller ? untaped(() => tf.broadcastTo(tf.cast(c, 'float32'), to)) : c;
  return tf.where(
    repeated.dtype === 'bool' ? repeated : condition(repeated),
    asFloats ? tf.cast(x, 'float32') : x,
    asFloats ? tf.cast(y, 'float32') : y,
  );
}

async function read(xs: readonly T[]): Promise<Float32Array[]> {
  const joined = tf.tidy(() => tf.concat(xs.map((x) => tf.cast(tf.reshape(x, [-1]), 'float32'))));
  try {
    const values = (await joined.data()) as Float32Array;
    let end = 0;
    return xs.map((x) => values.subarray(end, (end += x.size)));
  } finally {
    joined.dispose();
  }
}

/** TopK puts the lower index first where values are equal, so this order is stable, like that of the arrays engine. */
function argsort(x: T): T {
  return untaped(() => tf.topk(tf.neg(x), x.shape.at(-1), true).indices);
}

/** TopK has no gradient, so the values are taken by index from the flattened rows. */
function sort(x: T): T {
  const size = x.shape.at(-1)!;
  const starts = tf.reshape(tf.mul(tf.range(0, x.size / size, 1, 'int32'), tf.scalar(size, 'int32')), [-1, 1]);
  const flat = tf.add(tf.reshape(argsort(x), [-1, size]), starts);
  return tf.reshape(take(tf.reshape(x, [-1]), tf.reshape(flat, [-1])), x.shape);
}

function valueAndInputGrads(f: (inputs: readonly T[]) => T, inputs: readonly T[]): { value: T; grads: T[] } {
  const variables = inputs.map((x) => tf.variable(x));
  try {
    return tf.tidy(() => {
      const { loss, grads } = valueAndGrads(() => ({ loss: f(variables) as tf.Scalar }), variables);
      return { value: loss, grads: variables.map((v) => grads[v.name] ?? tf.zerosLike(v)) };
    });
  } finally {
    tf.dispose(variables);
  }
}
