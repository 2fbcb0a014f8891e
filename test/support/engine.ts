import { inject } from 'vitest';
import { backendOf, type Backend, type DType, type Nested } from '../../src/index.js';
import { arrays } from '../../src/backend/arrays/arrays.js';
import { describe } from '../../src/backend/describe.js';
import { isReadable as isReadableOn } from '../../src/internal/checks.js';
import type { EngineUnderTest } from '../../src/testing/conformance/engineUnderTest.js';
import { gradientsOf } from '../../src/testing/engineGradients.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { weightedSum } from '../../src/testing/weightedSum.js';
import { precisionOf } from './bounds.js';

export { weight } from '../../src/testing/weightedSum.js';

/** Type of a tensor on any engine: tests are written once for all of them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see above
export type X = any;

/** The engine under test. */
export const engine = inject('engine');
/** Whether that is the engine of nested lists, which have no dtypes. */
export const isArrays = engine === 'arrays';
/** Whether that is jax-js. */
const isJax = engine === 'jax' || engine === 'jax-webgpu';
/** Whether the engine computes in float64: that of nested lists, and that of `{ data, dims }`. */
export const isFloat64 = precisionOf(engine) === 53;
/** Whether TensorFlow.js is under test. */
export const isTfjs = !isFloat64 && !isJax;

// Only the engine under test is loaded.
export const { engineUnderTest } = (await (isArrays
  ? import('./engines/arrays.js')
  : isFloat64
    ? import('./engines/tensors.js')
    : isJax
      ? import('./engines/jax.js')
      : import('./engines/tfjs.js'))) as { engineUnderTest: EngineUnderTest<X> };

/** Its name in messages. */
export const engineName = engineUnderTest.backend.name;
/** Whether values can be read, and so checked, synchronously. */
export const isReadable = isReadableOn(engineUnderTest.backend, tensor(0));

/** A tensor on the engine under test. */
export function tensor(values: Nested, dtype: DType = 'float'): X {
  return engineUnderTest.tensor(values, dtype);
}

/** A tensor without values, whose shape has a 0; on arrays, where a list without rows has no other axes, an empty list. */
export function none(shape: readonly number[], dtype: DType = 'float'): X {
  if (isArrays) return [];
  if (engine === 'tensors') return { data: dtype === 'int' ? new Int32Array() : new Float32Array(), dims: shape };
  return engineUnderTest.backend.reshape(tensor([], dtype), shape);
}

/** A tensor as messages describe it. */
export const described = describe(tensor([0]));

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
export const epsilon = {
  arrays: 1e-12,
  tensors: 1e-12,
  cpu: 1e-6,
  wasm: 1e-6,
  'tfjs-node': 1e-6,
  webgpu: 5e-6,
  webgl: 5e-6,
  jax: 1e-6,
  'jax-webgpu': 5e-6,
}[engine];

/** Asserts values on the engine under test, with a tolerance relative to the expected value plus `scale`. */
export async function expectValues(x: X, expected: Values, scale = 1): Promise<void> {
  expectClose((await read(x)) as Values, expected, { relative: epsilon, absolute: epsilon * scale });
}

export interface Derivatives {
  readonly value: number;
  readonly grads: Nested[];
}

/** Value and gradients of `sum(weight * f(inputs))`. */
export async function derivatives(f: (...inputs: X[]) => X, inputs: readonly Nested[]): Promise<Derivatives> {
  const xs = inputs.map((x) => tensor(x));
  const { value, grads } = valueAndGradsOn(xs[0])((own) => weightedSum<X>(f(...(own as X[]))), xs);
  return { value: (await read(value)) as number, grads: await Promise.all(grads.map(read)) };
}

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

/** The number of live tensors; 0 on engines that do not count them. */
export const liveTensors = (): number => engineUnderTest.liveTensors?.() ?? 0;

/** Asserts that `f` leaves exactly the `returned` tensors alive. */
export function expectNoLeak(f: () => X, returned = 1): void {
  if (isJax) expectNoBuffersLeft(f);
  if (!isTfjs) return;
  const before = liveTensors();
  f();
  const extra = liveTensors() - before;
  if (extra !== returned) throw new Error(`${extra} tensors are left, expected the ${returned} returned`);
}

/** On jax-js, tensors share buffers or have none, so none may be left once the result is disposed. The first call compiles. */
function expectNoBuffersLeft(f: () => X): void {
  engineUnderTest.backend.scope(() => void f());
  const before = liveTensors();
  engineUnderTest.backend.scope(() => void f());
  const extra = liveTensors() - before;
  if (extra !== 0) throw new Error(`${extra} buffers are left, expected none`);
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
