import { arrays } from '../../backend/arrays/arrays.js';
import { float64Of, tensorFrom, type DataTensor } from '../../backend/arrays/tensor.js';
import { valueAndInputGrads } from '../../backend/arrays/valueAndGrads.js';
import type { Nested } from '../../backend/types.js';
import { weight, weightedSum } from '../weightedSum.js';
import type { Input, ValueCase } from './valueCase.js';

/** The result of a case in float64. */
export interface Expected {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  /** The result for the sizes of the inputs: what the error of a sum is relative to. */
  readonly magnitudes: ArrayLike<number>;
  /** Value and gradients of the {@link weightedSum}, by the inputs that {@link differentiated} lists; none if the case has no gradient. */
  readonly gradient: { readonly value: number; readonly magnitude: number; readonly grads: readonly ArrayLike<number>[] } | undefined;
}

/** The inputs of a case, by index, that its gradient is by. */
export const differentiated = ({ inputs, gradient, wrt }: ValueCase): readonly number[] =>
  wrt ?? (gradient === 'none' ? [] : inputs.flatMap(({ kind }, i) => (kind === 'float' ? [i] : [])));

/** The arguments of a function with others in some places. */
export const withInputs = <T>(all: readonly T[], places: readonly number[], own: readonly T[]): T[] =>
  all.map((x, i) => (places.includes(i) ? own[places.indexOf(i)]! : x));

const known = new WeakMap<ValueCase, Expected>();

/** Computes the result of a case on plain arrays. The inputs are rounded to float32. */
export function expectedOf(c: ValueCase): Expected {
  const found = known.get(c) ?? compute(c);
  known.set(c, found);
  return found;
}

function compute(c: ValueCase): Expected {
  const f = (c.reference ?? c.f) as unknown as (...xs: readonly DataTensor[]) => DataTensor;
  const inputs = c.inputs.map(onArrays);
  const y = f(...inputs);
  const sizes = inputs.map((x, i) => (c.inputs[i]!.kind === 'float' ? tensorFrom(float64Of(x).map(Math.abs), x.dims) : x));
  const magnitudes = c.accuracy === 'sum' ? float64Of(f(...sizes)) : float64Of(y).map(Math.abs);
  return { shape: y.dims, values: float64Of(y), magnitudes, gradient: gradientOf(c, f, inputs, magnitudes) };
}

function gradientOf(
  c: ValueCase,
  f: (...xs: readonly DataTensor[]) => DataTensor,
  inputs: readonly DataTensor[],
  magnitudes: Float64Array,
): Expected['gradient'] {
  const wrt = differentiated(c);
  if (wrt.length === 0) return undefined;
  const { value, grads } = valueAndInputGrads(
    (xs) => weightedSum<DataTensor>(f(...withInputs(inputs, wrt, xs))),
    wrt.map((i) => inputs[i]!),
  );
  const magnitude = magnitudes.reduce((total, x, i) => total + (c.accuracy === 'token' ? Math.max(1, x) : x) * weight(i), 0);
  return { value: float64Of(value)[0]!, magnitude, grads: grads.map(float64Of) };
}

/** An input as a tensor in memory. */
export const onArrays = ({ values, kind }: Input): DataTensor => tensorFrom(valuesOf(values, kind === 'float'), arrays.shape(values), kind);

const valuesOf = (values: Nested, isFloat: boolean): Float64Array =>
  Float64Array.from(arrays.peek(values)!, isFloat ? Math.fround : Number);
