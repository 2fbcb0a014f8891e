import type { Nested } from '../types.js';
import { describe } from '../describe.js';
import { isSame, show, sizeOf } from './shapes.js';
import { ArrayTensor, float64Of, type DataTensor } from './tensor.js';

type List = readonly Nested[];

/** Whether a value is a list or a typed array of numbers. */
export function isList(value: unknown): value is List {
  if (Array.isArray(value)) return true;
  return ArrayBuffer.isView(value) && !(value instanceof DataView || value instanceof BigInt64Array || value instanceof BigUint64Array);
}

/** Whether a list holds a boolean at any depth. */
export const holdsBoolean = (x: unknown): boolean => typeof x === 'boolean' || (Array.isArray(x) && x.some(holdsBoolean));

/** Most axes of a list; a list that holds itself has no end. */
const MAX_AXES = 32;

const isLeaf = (x: unknown): x is number => typeof x === 'number' || typeof x === 'boolean';

/** The sizes of the axes of a list, which is checked: it must not be ragged, nor hold anything but numbers and booleans. */
export const shapeOfList = (x: Nested): readonly number[] => shapeAt(x, 0);

/** The shape of a part of a list, this many lists deep. */
function shapeAt(x: Nested, depth: number): readonly number[] {
  if (isLeaf(x)) return [];
  if (depth >= MAX_AXES) throw new RangeError(`a list is nested more than ${MAX_AXES} deep`);
  if (!isList(x)) throw new TypeError(`a list holds ${describe(x)}, expected numbers`);
  if (!Array.isArray(x) || holdsNumbers(x)) return [x.length];
  let inner: readonly number[] | undefined;
  for (let i = 0; i < x.length; i++) {
    const part = (x as List)[i];
    if (part === undefined && !(i in x)) throw new TypeError('a list has a hole, expected numbers');
    const shape = shapeAt(part!, depth + 1);
    inner ??= shape;
    if (!isSame(shape, inner)) throw new RangeError(`a list is ragged: it holds entries of shape ${show(inner)} and ${show(shape)}`);
  }
  return [x.length, ...(inner ?? [])];
}

/** Whether a list holds nothing but numbers. */
function holdsNumbers(x: readonly unknown[]): boolean {
  for (const value of x) if (typeof value !== 'number') return false;
  return true;
}

/** The values of a list in row-major order, booleans as 1 and 0, with the sizes of its axes. */
export function tensorOfList(x: Nested): ArrayTensor<Float64Array> {
  const dims = shapeOfList(x);
  const values = new Float64Array(sizeOf(dims));
  let at = 0;
  const put = (part: Nested): void => {
    if (isLeaf(part)) {
      values[at++] = part; // A boolean is stored as 1 or 0.
    } else if (Array.isArray(part)) {
      if (isLeaf(part[0])) for (const value of part) values[at++] = value as number;
      else part.forEach(put);
    } else {
      values.set(part as unknown as Float64Array, at);
      at += part.length;
    }
  };
  put(x);
  return new ArrayTensor(values, dims);
}

/** The values of a tensor as a nested list; a number if it has no axes. */
export function listOf(x: DataTensor): Nested {
  const [values, { dims }] = [float64Of(x), x];
  let at = 0;
  const part = (axis: number): Nested => {
    const size = dims[axis];
    if (size === undefined) return values[0]!;
    if (axis < dims.length - 1) return Array.from({ length: size }, () => part(axis + 1));
    // A list of a known length is filled several times as fast as one that grows.
    const row = new Array<number>(size);
    for (let i = 0; i < size; i++) row[i] = values[at++]!;
    return row;
  };
  return part(0);
}
