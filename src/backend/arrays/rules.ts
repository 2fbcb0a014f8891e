import { elementwise as f } from './elementwise.js';
import * as layout from './layout.js';
import * as reductions from './reductions.js';
import { around, axisFrom0, sizeOf } from './shapes.js';
import { float64Of, tensorFrom, type ArrayTensor, type DataTensor, type Operand } from './tensor.js';

/**
 * The gradients of an operation: given the gradient with respect to its value `y`, and its arguments, a function for each operand, so
 * that a gradient is computed only if it is needed. It may have the shape of `y`: it is then summed to the shape of the operand.
 * Undefined if there is none.
 */
type Rule<Arguments extends readonly unknown[]> = (
  dy: ArrayTensor,
  y: ArrayTensor,
  ...args: Arguments
) => readonly (() => ArrayTensor | undefined)[];

type Unary = Rule<[x: DataTensor]>;
type Binary = Rule<[a: Operand, b: Operand]>;

export const neg: Unary = (dy) => [() => f.neg(dy)];
export const abs: Unary = (dy, _, x) => [() => f.mul(dy, f.sub(f.greater(x, 0), f.greater(0, x)))];
export const sqrt: Unary = (dy, y) => [() => f.div(dy, f.mul(y, 2))];
export const exp: Unary = (dy, y) => [() => f.mul(dy, y)];
export const log: Unary = (dy, _, x) => [() => f.div(dy, x)];
export const expm1: Unary = (dy, _, x) => [() => f.mul(dy, f.exp(x))];
export const log1p: Unary = (dy, _, x) => [() => f.div(dy, f.add(x, 1))];
export const softplus: Unary = (dy, _, x) => [() => f.mul(dy, f.sigmoid(x))];
// 1 - y would cancel.
export const sigmoid: Unary = (dy, y, x) => [() => f.mul(dy, f.mul(y, f.sigmoid(f.neg(x))))];

export const add: Binary = (dy) => [() => dy, () => dy];
export const sub: Binary = (dy) => [() => dy, () => f.neg(dy)];
export const mul: Binary = (dy, _, a, b) => [() => f.mul(dy, b), () => f.mul(dy, a)];
export const div: Binary = (dy, y, _, b) => [() => f.div(dy, b), () => f.neg(f.mul(dy, f.div(y, b)))];
/** At a base of 0, the exponent has no gradient. */
export const pow: Binary = (dy, y, a, b) => [
  () => f.mul(dy, f.mul(b, f.pow(a, f.sub(b, 1)))),
  () => f.mul(dy, f.where(f.greater(a, 0), f.mul(y, f.log(f.add(a, 0))), 0)),
];

const toOne = (dy: ArrayTensor, isFirst: Operand) => [() => f.where(isFirst, dy, 0), () => f.where(isFirst, 0, dy)] as const;

/** Where both are equal, the first gets the gradient. */
export const maximum: Binary = (dy, _, a, b) => toOne(dy, f.greaterEqual(a, b));
/** Where both are equal, the first gets the gradient. */
export const minimum: Binary = (dy, _, a, b) => toOne(dy, f.greaterEqual(b, a));
/** The condition has no gradient. */
export const where: Rule<[condition: Operand, a: Operand, b: Operand]> = (dy, _, condition) => [() => undefined, ...toOne(dy, condition)];

/** A value of a reduction, with an axis of size 1 in place of each that was reduced. */
const reopened = (y: DataTensor, x: DataTensor, axis?: number): ArrayTensor =>
  layout.reshape(
    y,
    x.dims.map((n, i) => (axis === undefined || i === axisFrom0(axis, x.dims) ? 1 : n)),
  );

type Reduction = Rule<[x: DataTensor, axis?: number]>;

export const sum: Reduction = (dy, _, x, axis) => [() => layout.broadcastTo(reopened(dy, x, axis), x.dims)];
/** Values that are equally large share the gradient. */
export const max: Reduction = (dy, y, x, axis) => [
  () => {
    const isLargest = f.equal(x, reopened(y, x, axis));
    const share = f.div(dy, reductions.sum(isLargest, axis));
    return f.where(isLargest, reopened(share, x, axis), 0);
  },
];

/** Every value is part of all sums from its own on. */
export const cumsum: Unary = (dy) => [() => reversedRows(reductions.cumsum(reversedRows(dy)))];

const reversedRows = (x: DataTensor): ArrayTensor => {
  const [values, size] = [float64Of(x).slice(), x.dims.at(-1) ?? 1];
  for (let at = 0; at < values.length; at += size) values.subarray(at, at + size).reverse();
  return tensorFrom(values, x.dims);
};

export const sort: Unary = (dy, _, x) => [
  () => {
    const [values, size] = [float64Of(x), x.dims.at(-1) ?? 1];
    const gradients = new Float64Array(values.length);
    for (let start = 0; start < values.length; start += size) {
      const row = values.subarray(start, start + size);
      const places = Array.from(row.keys()).sort((i, j) => ascending(row[i]!, row[j]!));
      places.forEach((place, i) => (gradients[start + place] = float64Of(dy)[start + i]!));
    }
    return tensorFrom(gradients, x.dims);
  },
];

/** Orders numbers as a typed array sorts them: NaN comes last. */
const ascending = (a: number, b: number): number => a - b || Number(Number.isNaN(a)) - Number(Number.isNaN(b));

/** A row that was taken several times gets the sum. */
export const take: Rule<[x: DataTensor, indices: DataTensor]> = (dy, _, x, indices) => [
  () => {
    const [rows, block] = [float64Of(dy), sizeOf(x.dims.slice(1))];
    const values = new Float64Array(sizeOf(x.dims));
    float64Of(indices).forEach((to, from) => {
      for (let i = 0; i < block; i++) values[to * block + i]! += rows[from * block + i]!;
    });
    return tensorFrom(values, x.dims);
  },
];

export const slice: Rule<[x: DataTensor, start: number, stop: number, axis: number]> = (dy, _, x, start, stop, axis) => [
  () => {
    const [before, size, after] = around(x.dims, axisFrom0(axis, x.dims));
    const [part, block] = [float64Of(dy), (stop - start) * after];
    const values = new Float64Array(sizeOf(x.dims));
    for (let i = 0; i < before; i++) values.set(part.subarray(i * block, (i + 1) * block), (i * size + start) * after);
    return tensorFrom(values, x.dims);
  },
];

export const concat: Rule<[xs: readonly DataTensor[], axis: number]> = (dy, _, xs, axis) => {
  let stop = 0;
  return xs.map(({ dims }) => {
    const size = dims[axisFrom0(axis, dims)]!;
    const start = stop;
    stop += size;
    return () => layout.slice(dy, start, start + size, axis);
  });
};

export const reshape: Rule<[x: DataTensor, shape: readonly number[]]> = (dy, _, x) => [() => layout.reshape(dy, x.dims)];
export const broadcastTo: Rule<[x: DataTensor, shape: readonly number[]]> = (dy) => [() => dy];
