// A complete engine: float32 values in memory, without gradients.
import { registerBackend } from 'prefloss/core';
import type { Backend, DType, Nested, TypedArray } from 'prefloss/core';

type Shape = readonly number[];
type Operand = Tensor | number;

export class Tensor {
  constructor(
    readonly data: Float32Array,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

export function tensor(values: Nested | TypedArray, dtype: DType = 'float'): Tensor {
  const shape: number[] = [];
  for (let v: typeof values | undefined = values; typeof v === 'object'; v = v[0])
    shape.push(v.length);
  const list = typeof values === 'number' ? [values] : Array.from<Nested>(values);
  return new Tensor(Float32Array.from(list.flat(Infinity as 1) as number[]), shape, dtype);
}

/** All indices of a shape in row-major order: [0, 0], [0, 1], ... */
const indicesOf = (shape: Shape) =>
  shape.reduce<Shape[]>(
    (all, n) => all.flatMap((index) => range(n).map((i) => [...index, i])),
    [[]],
  );

/** The tensor whose value at each index is f(index). */
const make = (shape: Shape, dtype: DType, f: (index: readonly number[]) => number) =>
  new Tensor(Float32Array.from(indicesOf(shape), f), shape, dtype);

/** The value at an index of a shape that x broadcasts to. */
function at(x: Operand, index: readonly number[]): number {
  if (typeof x === 'number') return Math.fround(x);
  const added = index.length - x.shape.length;
  const places = x.shape.map((n, axis) => (n === 1 ? 0 : index[axis + added]!));
  return x.data[places.reduce((i, place, axis) => i * x.shape[axis]! + place, 0)]!;
}

/** The shape that all operands broadcast to. */
function broadcast(...xs: Operand[]): Shape {
  const shapes = xs.map((x) => (typeof x === 'number' ? [] : x.shape));
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return range(rank).map((i) => {
    const sizes = shapes.map((shape) => shape.at(i - rank) ?? 1).filter((n) => n !== 1);
    if (sizes.some((n) => n !== sizes[0])) throw new RangeError('the shapes do not broadcast');
    return sizes[0] ?? 1;
  });
}

/** Integers of integers. All else gives floats: numbers and conditions, too. */
const kindOf = (...xs: Operand[]) =>
  xs.every((x) => typeof x !== 'number' && x.dtype === 'int') ? 'int' : 'float';

const unary = (f: (x: number) => number, dtype?: DType) => (x: Tensor) =>
  make(x.shape, dtype ?? kindOf(x), (i) => f(at(x, i)));

const binary =
  (f: (a: number, b: number) => number, dtype?: DType) => (a: Operand, b: Operand) =>
    make(broadcast(a, b), dtype ?? kindOf(a, b), (i) => f(at(a, i), at(b, i)));

/** A list with other numbers in the place of one. A negative place counts from the end. */
function replaced(list: readonly number[], place: number, ...by: number[]): number[] {
  const copy = [...list];
  copy.splice(place, 1, ...by);
  return copy;
}

/** Reduces all values, or those along an axis. Their list is in float64: sums keep their digits. */
const reduction = (f: (values: number[]) => number) => (x: Tensor, axis?: number) => {
  if (axis === undefined) return make([], kindOf(x), () => f([...x.data]));
  const places = range(x.shape.at(axis)!);
  const kept = make(replaced(x.shape, axis, 1), kindOf(x), (i) =>
    f(places.map((k) => at(x, replaced(i, axis, k)))),
  );
  return engine.reshape(kept, replaced(x.shape, axis));
};

/** Changes a copy of the values, one row of the last axis after the other. */
function onRows(x: Tensor, dtype: DType, change: (row: Float32Array) => void): Tensor {
  const [n, data] = [x.shape.at(-1)!, x.data.slice()];
  for (let i = 0; i < data.length; i += n) change(data.subarray(i, i + n));
  return new Tensor(data, x.shape, dtype);
}

const CASTS = { float: Number, int: Math.trunc, bool: (x: number) => Number(x !== 0) };

export const engine: Backend<Tensor> = {
  name: 'own',
  owns: (value) => value instanceof Tensor,
  shape: (x) => x.shape,
  dtype: (x) => x.dtype,
  peek: (x) => x.data,
  read: (xs) => Promise.resolve(xs.map((x) => x.data)),
  scope: (f) => f(), // memory is freed by garbage collection

  constant: tensor,
  arange: (n) => make([n], 'int', ([i]) => i!),
  cast: (x, dtype) => unary(CASTS[dtype], dtype)(x),

  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b, 'float'),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  neg: unary((x) => -x),
  abs: unary(Math.abs),
  exp: unary(Math.exp, 'float'),
  log: unary(Math.log, 'float'),
  expm1: unary(Math.expm1, 'float'),
  log1p: unary(Math.log1p, 'float'),
  softplus: unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 'float'),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x)), 'float'), // no overflow in float64

  equal: binary((a, b) => Number(a === b), 'bool'),
  greater: binary((a, b) => Number(a > b), 'bool'),
  greaterEqual: binary((a, b) => Number(a >= b), 'bool'),
  where: (condition, a, b) =>
    make(broadcast(condition, a, b), kindOf(a, b), (i) =>
      at(at(condition, i) !== 0 ? a : b, i),
    ),

  sum: reduction((values) => values.reduce((a, b) => a + b, 0)),
  max: reduction((values) => values.reduce((a, b) => Math.max(a, b), -Infinity)),
  cumsum: (x) =>
    onRows(x, kindOf(x), (row) => {
      let total = 0;
      row.forEach((v, i) => (row[i] = total += v));
    }),
  sort: (x) => onRows(x, x.dtype, (row) => row.sort()),

  take: (x, indices) =>
    make([...indices.shape, ...x.shape.slice(1)], x.dtype, ([i, ...rest]) => {
      const row = indices.data[i!]!;
      return row >= 0 && row < x.shape[0]! ? at(x, [row, ...rest]) : NaN;
    }),
  slice: (x, start, stop, axis) =>
    make(replaced(x.shape, axis, stop - start), x.dtype, (i) =>
      at(x, replaced(i, axis, start + i.at(axis)!)),
    ),
  concat: (xs, axis) => {
    // For each place along the axis, a tensor and the place in it.
    const places = xs.flatMap((x) => range(x.shape.at(axis)!).map((k) => ({ x, k })));
    const dtype = xs.every((x) => x.dtype === xs[0]!.dtype) ? xs[0]!.dtype : 'float';
    return make(replaced(xs[0]!.shape, axis, places.length), dtype, (i) => {
      const { x, k } = places[i.at(axis)!]!;
      return at(x, replaced(i, axis, k));
    });
  },
  reshape: (x, shape) => new Tensor(x.data, shape, x.dtype),
  broadcastTo: (x, shape) => make(shape, x.dtype, (i) => at(x, i)),
  stopGradient: (x) => new Tensor(x.data, x.shape, x.dtype), // a tensor of its own
};

registerBackend(engine);
