// A complete engine: float32 values in memory, without gradients.
import { registerBackend } from 'prefloss/core';
import type { Backend, DType, Nested, TypedArray } from 'prefloss/core';

type Shape = readonly number[];

export class Tensor {
  constructor(
    readonly data: Float32Array,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}
}
type Operand = Tensor | number;

const sizeOf = (shape: Shape) => shape.reduce((a, b) => a * b, 1);
const shapeOf = (x: Operand) => (typeof x === 'number' ? [] : x.shape);
const withSize = (shape: Shape, axis: number, n: number) =>
  shape.map((m, i) => (i === axis ? n : m));

/** The kind of arithmetic: integers give integers. All else, numbers and conditions too, gives floats. */
const kindOf = (...xs: Operand[]) =>
  xs.every((x) => typeof x !== 'number' && x.dtype === 'int') ? 'int' : 'float';

/** The tensor whose values are f(0), f(1), ..., in row-major order. */
const make = (shape: Shape, dtype: DType, f: (i: number) => number) =>
  new Tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => f(i)),
    shape,
    dtype,
  );

export function tensor(values: Nested | TypedArray, dtype: DType = 'float'): Tensor {
  const shape: number[] = [];
  for (let v: typeof values | undefined = values; typeof v === 'object'; v = v[0])
    shape.push(v.length);
  const list = typeof values === 'number' ? [values] : Array.from<Nested>(values);
  return new Tensor(Float32Array.from(list.flat(Infinity as 1) as number[]), shape, dtype);
}

/** The shape that all shapes broadcast to. */
function broadcast(...shapes: Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((shape) => shape.at(i - rank) ?? 1).filter((n) => n !== 1);
    if (sizes.some((n) => n !== sizes[0])) throw new RangeError('the shapes do not broadcast');
    return sizes[0] ?? 1;
  });
}

/** Reads the i-th value of an operand as if it had a larger shape. */
function reader(x: Operand, to: Shape): (i: number) => number {
  if (typeof x === 'number') return () => Math.fround(x);
  if (x.data.length === sizeOf(to)) return (i) => x.data[i]!;
  return (i) => {
    let [at, step] = [0, 1];
    for (let axis = -1; axis >= -x.shape.length; axis--) {
      const [n, own] = [to.at(axis)!, x.shape.at(axis)!];
      if (own !== 1) at += (i % n) * step;
      i = Math.floor(i / n);
      step *= own;
    }
    return x.data[at]!;
  };
}

const unary = (f: (x: number) => number, dtype?: DType) => (x: Tensor) =>
  make(x.shape, dtype ?? kindOf(x), (i) => f(x.data[i]!));

const binary =
  (f: (a: number, b: number) => number, dtype?: DType) => (a: Operand, b: Operand) => {
    const shape = broadcast(shapeOf(a), shapeOf(b));
    const [x, y] = [reader(a, shape), reader(b, shape)];
    return make(shape, dtype ?? kindOf(a, b), (i) => f(x(i), y(i)));
  };

/** An axis counted from the first, its size, and the number of values before and after it. */
function around({ shape }: Tensor, axis: number) {
  const at = axis < 0 ? axis + shape.length : axis;
  return {
    at,
    n: shape[at]!,
    before: sizeOf(shape.slice(0, at)),
    after: sizeOf(shape.slice(at + 1)),
  };
}

/** A reduction. Its total is a float64, so that long sums keep their digits. */
const reduction = (start: number, f: (total: number, x: number) => number) => {
  const reduce = (x: Tensor, axis?: number): Tensor => {
    if (axis === undefined) return reduce(reshape(x, [x.data.length]), 0);
    const { at, n, after } = around(x, axis);
    return make(
      x.shape.filter((_, i) => i !== at),
      kindOf(x),
      (i) => {
        const first = Math.floor(i / after) * n * after + (i % after);
        let total = start;
        for (let k = 0; k < n; k++) total = f(total, x.data[first + k * after]!);
        return total;
      },
    );
  };
  return reduce;
};

/** Changes the rows of the last axis. */
const onRows =
  (f: (row: Float32Array) => Float32Array, dtypeOf: (x: Tensor) => DType) => (x: Tensor) => {
    const [n, data] = [x.shape.at(-1) ?? 1, new Float32Array(x.data.length)];
    for (let i = 0; i < data.length; i += n) data.set(f(x.data.slice(i, i + n)), i);
    return new Tensor(data, x.shape, dtypeOf(x));
  };

function reshape(x: Tensor, shape: Shape): Tensor {
  if (sizeOf(shape) !== x.data.length) throw new RangeError('reshape: the values do not fit');
  return new Tensor(x.data, shape, x.dtype);
}

export const engine: Backend<Tensor> = {
  name: 'own',
  owns: (value) => value instanceof Tensor,
  shape: (x) => x.shape,
  dtype: (x) => x.dtype,

  peek: (x) => x.data,
  isReadable: () => true,
  read: (xs) => Promise.resolve(xs.map((x) => x.data)),
  scope: (f) => f(), // memory is freed by garbage collection

  constant: tensor,
  arange: (n) => make([n], 'int', (i) => i),
  cast: (x, dtype) =>
    unary(
      dtype === 'int' ? Math.trunc : dtype === 'bool' ? (v) => Number(v !== 0) : (v) => v,
      dtype,
    )(x),

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
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x)), 'float'), // in float64, so e^-x does not overflow

  equal: binary((a, b) => Number(a === b), 'bool'),
  greater: binary((a, b) => Number(a > b), 'bool'),
  greaterEqual: binary((a, b) => Number(a >= b), 'bool'),
  where: (condition, a, b) => {
    const shape = broadcast(condition.shape, shapeOf(a), shapeOf(b));
    const [holds, x, y] = [condition, a, b].map((operand) => reader(operand, shape));
    return make(shape, kindOf(a, b), (i) => (holds!(i) !== 0 ? x!(i) : y!(i)));
  },

  sum: reduction(0, (total, x) => total + x),
  max: reduction(-Infinity, Math.max),
  cumsum: onRows((row) => {
    let total = 0;
    return row.map((x) => (total += x));
  }, kindOf),
  sort: onRows(
    (row) => row.sort(),
    (x) => x.dtype,
  ),

  take: (x, indices) => {
    const { after } = around(x, 0);
    return make([indices.data.length, ...x.shape.slice(1)], x.dtype, (i) => {
      const row = indices.data[Math.floor(i / after)]!;
      return x.data[row * after + (i % after)] ?? NaN; // NaN out of range
    });
  },
  slice: (x, start, stop, axis) => {
    const { at, n, after } = around(x, axis);
    const block = (stop - start) * after;
    return make(withSize(x.shape, at, stop - start), x.dtype, (i) => {
      return x.data[(Math.floor(i / block) * n + start) * after + (i % block)]!;
    });
  },
  concat: (xs, axis) => {
    const { at, before } = around(xs[0]!, axis);
    const rows = Array.from({ length: before }, (_, i) =>
      xs.map(({ data }) => [
        ...data.subarray((i * data.length) / before, ((i + 1) * data.length) / before),
      ]),
    );
    const size = xs.reduce((n, { shape }) => n + shape[at]!, 0);
    const isOneKind = xs.every(({ dtype }) => dtype === xs[0]!.dtype);
    const flat = Float32Array.from(rows.flat(2));
    return new Tensor(
      flat,
      withSize(xs[0]!.shape, at, size),
      isOneKind ? xs[0]!.dtype : 'float',
    );
  },
  reshape,
  broadcastTo: (x, shape) => make(shape, x.dtype, reader(x, shape)),
  stopGradient: (x) => new Tensor(x.data, x.shape, x.dtype), // a tensor of its own
};

registerBackend(engine);
