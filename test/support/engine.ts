import * as tf from '@tensorflow/tfjs-core';
import { inject } from 'vitest';
import { backendOf, ops, type Backend, type DType, type Nested } from '../../src/index.js';
import { arrays } from '../../src/backend/arrays/arrays.js';
import { gradientsOf } from '../../src/testing/engineGradients.js';
import type { DataTensor } from '../../src/backend/arrays/tensor.js';
import { expectClose, type Values } from '../../src/testing/index.js';

/** The engine under test. */
export const engine = inject('engine');
/** Whether that is the engine of nested lists, which have no dtypes. */
export const isArrays = engine === 'arrays';
/** Whether the engine computes in float64: that of nested lists, and that of `{ data, dims }`. */
export const isFloat64 = isArrays || engine === 'tensors';
/** Its name in messages. */
export const engineName = isArrays ? 'arrays' : isFloat64 ? '{ data, dims }' : 'tensorflow.js';
/** Whether TensorFlow.js is under test, whose tensors are disposed and counted. */
export const isTfjs = !isFloat64;
/** Whether values can be read, and so checked, synchronously. */
export const isReadable = ['arrays', 'tensors', 'cpu', 'wasm', 'tfjs-node'].includes(engine);

/** Type of a tensor on any engine: tests are written once for all of them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
export type X = any;

/** A tensor on the engine under test. */
export function tensor(values: Nested, dtype: DType = 'float'): X {
  const names = { float: 'float32', int: 'int32', bool: 'bool' } as const;
  if (isArrays) return values;
  return isTfjs ? tf.tensor(values as tf.TensorLike, undefined, names[dtype]) : dataTensor(values, dtype);
}

/** A tensor as another library makes it: a plain object. */
function dataTensor(values: Nested, dtype: DType): DataTensor {
  const dims = arrays.shape(values);
  const numbers = Float64Array.from(arrays.peek(values)!);
  if (dtype === 'float') return { data: numbers, dims };
  // As the models of transformers.js have them.
  return dtype === 'int' ? { data: BigInt64Array.from(numbers, BigInt), dims } : { data: Uint8Array.from(numbers), dims, type: 'bool' };
}

/** Integers on the engine under test. */
export const ints = (values: Nested): X => tensor(values, 'int');

/** Reads the values of a tensor, nested by its shape. */
export async function read(x: X): Promise<Nested> {
  const backend = backendOf<X>(x);
  const [values] = await backend.read([x]);
  return arrays.reshape(Array.from(values!), backend.shape(x));
}

/** Values as the engine stores them: rounded to float32, except on arrays. */
export const rounded = (values: Nested): X =>
  typeof values === 'number' ? (isFloat64 ? values : Math.fround(values)) : values.map(rounded);

/** Tolerance of the engine's arithmetic, relative to the size of the inputs of a result. */
export const epsilon = { arrays: 1e-12, tensors: 1e-12, cpu: 1e-6, wasm: 1e-6, 'tfjs-node': 1e-6, webgpu: 5e-6, webgl: 5e-6 }[engine];

/** Asserts values on the engine under test, with a tolerance relative to the expected value plus `scale`. */
export async function expectValues(x: X, expected: Values, scale = 1): Promise<void> {
  expectClose((await read(x)) as Values, expected, { relative: epsilon, absolute: epsilon * scale });
}

export interface Derivatives {
  readonly value: number;
  readonly grads: Nested[];
}

/** Weight of output `i` in a weighted sum: unequal weights, so that errors do not cancel. */
export const weight = (i: number): number => Math.fround(1 + 0.4 * Math.sin(3 * i + 1));

/** Value and gradients of `sum(weight * f(inputs))`. */
export async function derivatives(f: (...inputs: X[]) => X, inputs: readonly Nested[]): Promise<Derivatives> {
  const scalar = (...xs: X[]): X => {
    const y: X = f(...xs);
    const sizes = ops.shape(y);
    const weights = tensorLike(
      y,
      Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, (_, i) => weight(i)),
    );
    return ops.sum(ops.mul(y, ops.reshape(weights, sizes)));
  };
  const xs = inputs.map((x) => tensor(x));
  const { value, grads } = valueAndGradsOn(xs[0])((own) => scalar(...(own as X[])), xs);
  return { value: (await read(value)) as number, grads: await Promise.all(grads.map(read)) };
}

const tensorLike = (like: X, values: number[]): X => backendOf<X>(like).constant(values);

/** The gradients of the engine of `x`. */
export const valueAndGradsOn = (x: X): NonNullable<Backend<X>['valueAndGrads']> => gradientsOf(backendOf<X>(x))!;

/** Asserts the gradients of `sum(weight * f(inputs))`, with a tolerance relative to the largest of them. */
export async function expectGradients(f: (...inputs: X[]) => X, inputs: readonly Nested[], expected: readonly Values[]): Promise<void> {
  const { grads } = await derivatives(f, inputs);
  const largest = Math.max(...expected.flatMap((g) => [...flatten(g)].map(Math.abs)));
  const absolute = 2 * epsilon * (largest || 1);
  grads.forEach((g, i) => {
    expectClose(g as Values, expected[i]!, { absolute, relative: 0 });
  });
}

export function flatten(values: Values): number[] {
  return typeof values === 'number' ? [values] : Array.from(values as ArrayLike<Values>).flatMap(flatten);
}

/** The number of live tensors; 0 on engines without disposal. */
export const liveTensors = (): number => (isFloat64 ? 0 : tf.memory().numTensors);

/** Asserts that `f` leaves exactly the `returned` tensors alive. */
export function expectNoLeak(f: () => X, returned = 1): void {
  const before = liveTensors();
  f();
  const extra = liveTensors() - before;
  if (isTfjs && extra !== returned) throw new Error(`${extra} tensors are left, expected the ${returned} returned`);
}

/** Asserts the class and the exact message of the error that `f` throws, and that no tensor is left behind. */
export function expectError(f: () => unknown, kind: typeof TypeError | typeof RangeError, message: string): void {
  const before = liveTensors();
  let thrown: unknown;
  try {
    f();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof kind) || thrown.message !== message) {
    throw new Error(`expected ${kind.name}: ${message}\n     got ${String(thrown)}`, { cause: thrown });
  }
  if (liveTensors() !== before) throw new Error(`${liveTensors() - before} tensors are left after the error`);
}
