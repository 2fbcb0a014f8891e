import type { Nested } from '../types.js';
import * as elementwise from './elementwise.js';
import * as layout from './layout.js';
import { isList, listOf, shapeOfList, tensorOfList } from './lists.js';
import type { InMemory } from './onValues.js';
import * as reductions from './reductions.js';
import type { ArrayTensor, DataTensor } from './tensor.js';

const unary =
  (f: (x: DataTensor) => DataTensor) =>
  (x: Nested): Nested =>
    listOf(f(tensorOfList(x)));

const binary =
  (f: (a: DataTensor, b: DataTensor) => DataTensor) =>
  (a: Nested, b: Nested): Nested =>
    listOf(f(tensorOfList(a), tensorOfList(b)));

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
  read: (xs) => Promise.resolve(xs.map((x) => Array.from(tensorOfList(x).data))),
  scope: (f) => f(),

  constant: (values) => values,
  arange: (n) => Array.from({ length: n }, (_, i) => i),
  // Integers are not limited to 32 bits.
  cast: (x, dtype) => unary(dtype === 'int' ? elementwise.trunc : (y) => elementwise.cast(y, dtype))(x),

  add: binary(elementwise.add),
  sub: binary(elementwise.sub),
  mul: binary(elementwise.mul),
  div: binary(elementwise.div),
  maximum: binary(elementwise.maximum),
  minimum: binary(elementwise.minimum),
  pow: binary(elementwise.pow),
  neg: unary(elementwise.neg),
  abs: unary(elementwise.abs),
  sqrt: unary(elementwise.sqrt),
  exp: unary(elementwise.exp),
  log: unary(elementwise.log),
  expm1: unary(elementwise.expm1),
  log1p: unary(elementwise.log1p),
  softplus: unary(elementwise.softplus),
  sigmoid: unary(elementwise.sigmoid),

  equal: binary(elementwise.equal),
  greater: binary(elementwise.greater),
  greaterEqual: binary(elementwise.greaterEqual),
  where: (condition, a, b) => listOf(elementwise.where(tensorOfList(condition), tensorOfList(a), tensorOfList(b))),

  sum: reduction(reductions.sum),
  max: reduction(reductions.max),
  cumsum: unary(reductions.cumsum),
  sort: unary(reductions.sort),
  argsort: unary(reductions.argsort),

  take: binary(layout.take),
  slice: (x, start, stop, axis) => (hasAxis(x, axis) ? listOf(layout.slice(tensorOfList(x), start, stop, axis)) : []),
  concat: (xs, axis) => listOf(layout.concat(xs.map(tensorOfList), axis)),
  reshape: (x, shape) => listOf(layout.reshape(tensorOfList(x), shape)),
  broadcastTo: (x, shape) => listOf(layout.broadcastTo(tensorOfList(x), shape)),

  stopGradient: unary((x) => x),
  onValues: (inputs, kernel) => kernel(inputs.map(tensorOfList)).values.map(listOf),
};
