import type { Nested } from '../types.js';
import { cast, elementwise, trunc } from './elementwise.js';
import { broadcastTo, concat, reshape, slice, take } from './layout.js';
import { isList, listOf, shapeOfList, tensorOfList } from './lists.js';
import type { InMemory } from './onValues.js';
import { cumsum, max, sort, sum } from './reductions.js';
import type { ArrayTensor, DataTensor } from './tensor.js';

/** The operations of a record, whose arguments are all tensors, on lists. */
const onLists = <Name extends string>(operations: Readonly<Record<Name, (...xs: DataTensor[]) => ArrayTensor>>) => {
  const entries = Object.entries<(...xs: DataTensor[]) => ArrayTensor>(operations);
  return Object.fromEntries(entries.map(([name, f]) => [name, (...xs: Nested[]) => listOf(f(...xs.map(tensorOfList)))])) as Record<
    Name,
    (...xs: Nested[]) => Nested
  >;
};

/** The axes of an empty list are unknown: only the first is there to reduce or cut. */
const hasAxis = (x: Nested, axis: number | undefined): boolean => !(Array.isArray(x) && x.length === 0) || axis === undefined || axis === 0;

const reduction =
  (f: (x: DataTensor, axis?: number) => ArrayTensor) =>
  (x: Nested, axis?: number): Nested =>
    hasAxis(x, axis) ? listOf(f(tensorOfList(x), axis)) : [];

/**
 * The engine of plain values: nested lists of numbers in and out, float64 in between, without dtypes. It reads booleans as 1 and 0,
 * and typed arrays as lists.
 */
export const arrays: InMemory<Nested> = {
  name: 'arrays',
  owns: (value) => typeof value === 'number' || isList(value),
  shape: shapeOfList,
  dtype: () => 'float',
  isUntyped: true,

  peek: (x) => tensorOfList(x).data,
  isReadable: () => true,
  read: (xs) => Promise.resolve(xs.map((x) => Array.from(tensorOfList(x).data))),
  scope: (f) => f(),

  constant: (values) => (ArrayBuffer.isView(values) ? Array.from(values) : values),
  arange: (n) => Array.from({ length: n }, (_, i) => i),
  // Integers are not limited to 32 bits.
  cast: (x, dtype) => listOf(dtype === 'int' ? trunc(tensorOfList(x)) : cast(tensorOfList(x), dtype)),

  ...onLists(elementwise),
  ...onLists({ cumsum, sort, take }),

  sum: reduction(sum),
  max: reduction(max),
  slice: (x, start, stop, axis) => (hasAxis(x, axis) ? listOf(slice(tensorOfList(x), start, stop, axis)) : []),
  concat: (xs, axis) => listOf(concat(xs.map(tensorOfList), axis)),
  reshape: (x, shape) => listOf(reshape(tensorOfList(x), shape)),
  broadcastTo: (x, shape) => listOf(broadcastTo(tensorOfList(x), shape)),

  stopGradient: (x) => listOf(tensorOfList(x)),
  onValues: (inputs, kernel) => kernel(inputs.map(tensorOfList)).values.map(listOf),
};
