import { numpy as np, type Array as JaxArray } from '@jax-js/jax';
import { commonShape } from '../backend/arrays/shapes.js';
import type { DType, Nested, TypedArray } from '../backend/types.js';
import { isNaN, losesNaN } from './nan.js';

/** A jax-js array, or what stands for one while a transform runs. */
export type T = JaxArray;

const dtypes = { float: np.float32, int: np.int32 } as const;

/** The kind of the elements; arrays of float16 and float64 are floats, too. */
export const kindOf = (x: T): DType => (x.dtype === np.bool ? 'bool' : x.dtype === np.int32 || x.dtype === np.uint32 ? 'int' : 'float');

/** The value as a float. */
export function float(x: T | number): T {
  if (typeof x === 'number') return np.array(x, { dtype: np.float32 });
  return kindOf(x) === 'float' ? x.ref : x.ref.astype(np.float32);
}

/** The value as a number: a condition counts as 0 or 1. */
export const numeric = (x: T): T => (kindOf(x) === 'bool' ? float(x) : x.ref);

/** The same values in an array of its own. jax-js gives back the array itself where nothing is to do, but a reshaped one is another. */
export const another = (x: T): T => x.ref.reshape(x.shape);

/** The value as a condition, which holds for NaN. jax-js takes no others. */
export function condition(x: T): T {
  if (kindOf(x) === 'bool') return x.ref;
  const isNotZero = x.ref.notEqual(0);
  return losesNaN(x) ? np.where(isNaN(x.ref), true, isNotZero) : isNotZero;
}

/** Both operands as integers if they are, otherwise as floats: jax-js itself would round a number next to integers. */
export function operands(a: T | number, b: T | number): [T, T] {
  const areInts = typeof a !== 'number' && typeof b !== 'number' && kindOf(a) === 'int' && kindOf(b) === 'int';
  if (!areInts) return floats(a, b);
  checkShapes(a, b);
  return [a.ref, b.ref];
}

/** Both operands as floats. */
export function floats(a: T | number, b: T | number): [T, T] {
  checkShapes(a, b);
  return [floatLike(a, b), floatLike(b, a)];
}

/** Throws if shapes do not broadcast: jax-js would keep the references that it was given. */
function checkShapes(a: T | number, b: T | number): void {
  if (typeof a !== 'number' && typeof b !== 'number') commonShape(a.shape, b.shape);
}

/** The value as a float; a number has the precision of the tensor next to it. */
function floatLike(x: T | number, other: T | number): T {
  if (typeof x !== 'number' || typeof other === 'number' || kindOf(other) !== 'float') return float(x);
  return np.array(x, { dtype: other.dtype });
}

export function cast(x: T, dtype: DType): T {
  if (kindOf(x) === dtype) return another(x);
  return dtype === 'bool' ? condition(x) : dtype === 'float' ? float(x) : x.ref.astype(np.int32);
}

export function constant(values: Nested | TypedArray, dtype: DType = 'float'): T {
  const flat = ArrayBuffer.isView(values) ? Array.from(values, Number) : values;
  if (dtype !== 'bool') return np.array(flat, { dtype: dtypes[dtype] });
  return np.array(flat, { dtype: np.float32 }).notEqual(0);
}
