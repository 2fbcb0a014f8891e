import * as tf from '@tensorflow/tfjs-core';
import type { Backend, DType, TypedArray } from '../backend/types.js';
import { linearTokenDivergence } from './fused/linear/linearTokenDivergence.js';
import { linearTokenLogProbs } from './fused/linear/linearTokenLogProbs.js';
import { linearTokenStats } from './fused/linear/linearTokenStats.js';
import { tokenDivergence } from './fused/tokenDivergence/tokenDivergence.js';
import { tokenLogProbs } from './fused/tokenLogProbs/tokenLogProbs.js';
import { tokenStats } from './fused/tokenStats/tokenStats.js';
import { broadcastTo } from './ops/broadcastTo.js';
import { cumsum } from './ops/cumsum.js';
import { condition, float, numeric } from './ops/dtypes.js';
import { exp, expm1, log, log1p, sigmoid, softplus } from './ops/elementary/elementary.js';
import { maximum, minimum } from './ops/extremes.js';
import { max } from './ops/max.js';
import { pow } from './ops/pow.js';
import { read } from './ops/read.js';
import { scope } from './ops/scope.js';
import { slice } from './ops/slice.js';
import { sort } from './ops/sort.js';
import { sum } from './ops/sum.js';
import { take } from './ops/take.js';
import { where } from './ops/where.js';
import { isSynchronous } from './synchronous.js';
import { untaped } from './tape.js';
import { valueAndInputGrads } from './training/valueAndInputGrads.js';

type T = tf.Tensor;

const dtypes = { float: 'float32', int: 'int32', bool: 'bool' } as const;

/** tfjs takes a typed array for its dtype alone, and no others. */
const typedAs = {
  float: (values: TypedArray) => Float32Array.from(values),
  int: (values: TypedArray) => Int32Array.from(values),
  bool: (values: TypedArray) => Uint8Array.from(values, (x) => Number(x !== 0)),
};

/** A comparison off the tape: tfjs has no gradient for comparisons and would throw in the backward pass. */
const comparison =
  (f: (a: T | number, b: T | number) => T) =>
  (a: T | number, b: T | number): T =>
    untaped(() => f(numeric(a), numeric(b))); // tensorflow compares no conditions

/** Checks an argument: tfjs itself throws an error about an undefined `backend` if a tensor is disposed. */
function checkLive(operation: string, name: string, { isDisposed }: Partial<T>): void {
  if (isDisposed) throw new TypeError(`${operation}: ${name} is disposed`);
}

/** The same operations, which refuse disposed tensors and leave no converted ones; `names` are those of their first arguments. */
function live<Operations extends Readonly<Record<string, (...args: never[]) => T>>>(
  names: readonly string[],
  operations: Operations,
): Operations {
  const checked = Object.entries(operations).map(([operation, f]) => [
    operation,
    (...args: never[]): T => {
      let isConverted = false; // whether the operation may convert an argument first
      // In every operation, so without functions and `instanceof`, which tfjs overrides.
      for (let i = 0; i < args.length; i++) {
        const x = args[i] as Partial<T> | number | undefined;
        if (typeof x !== 'object') continue;
        if (i < names.length) checkLive(operation, names[i]!, x);
        isConverted ||= x.dtype !== undefined && x.dtype !== 'float32';
      }
      return isConverted ? tf.tidy(() => f(...args)) : f(...args);
    },
  ]);
  return Object.fromEntries(checked) as Operations;
}

/**
 * The TensorFlow.js engine. It runs on the active tfjs backend: webgpu, webgl, wasm, cpu or tensorflow. The modules of this
 * folder work around the quirks of these backends.
 */
export const tfjs: Backend<T> = {
  name: 'tensorflow.js',
  // instanceof reads `data`, for which tensors of other libraries throw while it is on a GPU.
  owns: (value) => typeof value === 'object' && value !== null && 'dataId' in value && value instanceof tf.Tensor,
  shape: (x) => x.shape,
  // complex64 and string keep their names, which no check accepts.
  dtype: ({ dtype }) => (dtype === 'float32' ? 'float' : dtype === 'int32' ? 'int' : (dtype as DType)),
  isDisposed: (x) => x.isDisposed,
  dispose: (x) => {
    x.dispose();
  },

  peek: (x) => (isSynchronous() ? x.dataSync() : undefined),
  isReadable: isSynchronous,
  read,
  scope,

  constant: (values, dtype = 'float') => tf.tensor(ArrayBuffer.isView(values) ? typedAs[dtype](values) : values, undefined, dtypes[dtype]),
  arange: (n) => tf.range(0, n, 1, 'int32'),

  ...live(['a', 'b'], {
    add: (a: T | number, b: T | number) => tf.add(numeric(a), numeric(b)),
    sub: (a: T | number, b: T | number) => tf.sub(numeric(a), numeric(b)),
    mul: (a: T | number, b: T | number) => tf.mul(numeric(a), numeric(b)),
    // tfjs rounds the quotient of two integer tensors down.
    div: (a: T | number, b: T | number) => tf.div(float(a), float(b)),
    maximum: (a: T | number, b: T | number) => maximum(numeric(a), numeric(b)),
    minimum: (a: T | number, b: T | number) => minimum(numeric(a), numeric(b)),
    equal: comparison(tf.equal),
    greater: comparison(tf.greater),
    greaterEqual: comparison(tf.greaterEqual),
  }),
  ...live(['x'], {
    cast: (x: T, dtype: DType) => (dtype === 'bool' ? condition(x) : tf.cast(x, dtypes[dtype])),
    neg: (x: T) => tf.neg(numeric(x)),
    abs: (x: T) => tf.abs(numeric(x)),
    square: (x: T) => tf.square(numeric(x)),
    sqrt: (x: T) => tf.sqrt(float(x)),
    exp: (x: T) => exp(float(x)),
    log: (x: T) => log(float(x)),
    expm1: (x: T) => expm1(float(x)),
    log1p: (x: T) => log1p(float(x)),
    softplus: (x: T) => softplus(float(x)),
    sigmoid: (x: T) => sigmoid(float(x)),
    sum: (x: T, axis?: number) => sum(numeric(x), axis),
    max: (x: T, axis?: number) => max(numeric(x), axis),
    cumsum: (x: T) => cumsum(numeric(x)),
    sort,
    slice,
    reshape: (x: T, shape: readonly number[]) => tf.reshape(x, [...shape]),
    broadcastTo,
    stopGradient: (x: T) => untaped(() => tf.clone(x)),
  }),
  ...live(['x', 'y'], { pow: (x: T | number, y: T | number) => pow(float(x), float(y)) }),
  ...live(['condition', 'a', 'b'], { where }),
  ...live(['x', 'indices'], { take }),
  concat: (xs, axis) => {
    xs.forEach((x, i) => {
      checkLive('concat', `xs[${i}]`, x);
    });
    // tfjs gives tensors of several dtypes the dtype of the first.
    const isOneKind = xs.every(({ dtype }) => dtype === xs[0]!.dtype);
    return isOneKind ? tf.concat([...xs], axis) : tf.tidy(() => tf.concat(xs.map(float), axis));
  },

  detached: untaped,
  valueAndGrads: valueAndInputGrads,
  tokenLogProbs,
  tokenStats,
  tokenDivergence,
  linearTokenLogProbs,
  linearTokenStats,
  linearTokenDivergence,
};
