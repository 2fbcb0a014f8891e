import * as tf from '@tensorflow/tfjs-core';
import type { Backend, DType } from '../backend/types.js';
import { linearTokenLogProbs } from './fused/linear/linearTokenLogProbs.js';
import { linearTokenStats } from './fused/linear/linearTokenStats.js';
import { tokenKl } from './fused/tokenKl/tokenKl.js';
import { tokenLogProbs } from './fused/tokenLogProbs/tokenLogProbs.js';
import { tokenStats } from './fused/tokenStats/tokenStats.js';
import { broadcastTo } from './ops/broadcastTo.js';
import { condition, float, numeric } from './ops/dtypes.js';
import { exp, expm1, log, log1p, sigmoid, softplus } from './ops/elementary/elementary.js';
import { maximum, minimum } from './ops/extremes.js';
import { max } from './ops/max.js';
import { pow } from './ops/pow.js';
import { read } from './ops/read.js';
import { scope } from './ops/scope.js';
import { slice } from './ops/slice.js';
import { argsort, sort } from './ops/sort.js';
import { sum } from './ops/sum.js';
import { take } from './ops/take.js';
import { where } from './ops/where.js';
import { isSynchronous } from './synchronous.js';
import { untaped } from './tape.js';
import { valueAndInputGrads } from './training/valueAndInputGrads.js';

type T = tf.Tensor;

const dtypes = { float: 'float32', int: 'int32', bool: 'bool' } as const;

/** A comparison off the tape: tfjs has no gradient for comparisons and would throw in the backward pass. */
const comparison =
  (f: (a: T | number, b: T | number) => T) =>
  (a: T | number, b: T | number): T =>
    untaped(() => f(a, b));

/**
 * The TensorFlow.js engine. It runs on the active tfjs backend: webgpu, webgl, wasm, cpu or tensorflow. The modules of this
 * folder work around the quirks of these backends.
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
  scope,

  constant: (values, dtype = 'float') => tf.tensor(values, undefined, dtypes[dtype]),
  arange: (n) => tf.range(0, n, 1, 'int32'),
  cast: (x, dtype) => (dtype === 'bool' ? condition(x) : tf.cast(x, dtypes[dtype])),

  add: (a, b) => tf.add(numeric(a), numeric(b)),
  sub: (a, b) => tf.sub(numeric(a), numeric(b)),
  mul: (a, b) => tf.mul(numeric(a), numeric(b)),
  // tfjs rounds the quotient of two integer tensors down.
  div: (a, b) => tf.div(float(a), float(b)),
  maximum: (a, b) => maximum(numeric(a), numeric(b)),
  minimum: (a, b) => minimum(numeric(a), numeric(b)),
  pow: (x, y) => pow(float(x), float(y)),
  neg: (x) => tf.neg(numeric(x)),
  abs: (x) => tf.abs(numeric(x)),
  square: (x) => tf.square(numeric(x)),
  sqrt: (x) => tf.sqrt(float(x)),
  exp: (x) => exp(float(x)),
  log: (x) => log(float(x)),
  expm1: (x) => expm1(float(x)),
  log1p: (x) => log1p(float(x)),
  softplus: (x) => softplus(float(x)),
  sigmoid: (x) => sigmoid(float(x)),

  equal: comparison(tf.equal),
  greater: comparison(tf.greater),
  greaterEqual: comparison(tf.greaterEqual),
  where,

  sum: (x, axis) => sum(numeric(x), axis),
  max: (x, axis) => max(numeric(x), axis),
  // With a negative axis, tf.cumsum on cpu gives a tensor without values.
  cumsum: (x) => tf.cumsum(numeric(x), x.rank - 1),
  sort,
  argsort,

  take,
  slice,
  concat: (xs, axis) => tf.concat([...xs], axis),
  reshape: (x, shape) => tf.reshape(x, [...shape]),
  broadcastTo,

  stopGradient: (x) => untaped(() => tf.clone(x)),
  detached: untaped,
  valueAndGrads: valueAndInputGrads,
  tokenLogProbs,
  tokenStats,
  tokenKl,
  linearTokenLogProbs,
  linearTokenStats,
};
