import type { DType } from '../types.js';
import { commonShape, repeated, sizeOf } from './shapes.js';
import { dimsOf, dtypeOf, float64Of, tensorFrom, type ArrayTensor, type DataTensor, type Operand } from './tensor.js';

type Values = Float64Array;

/** Writes `f(x)` to y. */
type Loop = (x: Values, y: Values) => void;
/** Writes `f(a, b)` to y. */
type Loop2 = (a: Values, b: Values, y: Values) => void;

const isInt = (x: Operand): boolean => typeof x !== 'number' && dtypeOf(x) === 'int';

/** The values of an operand, broadcast to a shape. */
function valuesAt(x: Operand, shape: readonly number[]): Values {
  if (typeof x === 'number') return new Float64Array(sizeOf(shape)).fill(x);
  return repeated(float64Of(x), x.dims, shape);
}

/** An operation on each value; integers give integers if `keepsInts`. */
function unary(loop: Loop, keepsInts = false): (x: DataTensor) => ArrayTensor {
  return (x) => {
    const values = new Float64Array(sizeOf(x.dims));
    loop(float64Of(x), values);
    return tensorFrom(values, x.dims, keepsInts && isInt(x) ? 'int' : 'float');
  };
}

/** An operation on two values, with broadcasting. Two integers give an integer, other kinds a float, unless `dtype` is given. */
function binary(loop: Loop2, dtype?: DType): (a: Operand, b: Operand) => ArrayTensor {
  return (a, b) => {
    const shape = commonShape(dimsOf(a), dimsOf(b));
    const values = new Float64Array(sizeOf(shape));
    loop(valuesAt(a, shape), valuesAt(b, shape), values);
    return tensorFrom(values, shape, dtype ?? (isInt(a) && isInt(b) ? 'int' : 'float'));
  };
}

/** `a` where the condition is not 0, `b` elsewhere. */
function where(condition: Operand, a: Operand, b: Operand): ArrayTensor {
  const shape = [condition, a, b].map(dimsOf).reduce(commonShape);
  const [holds, x, y] = [valuesAt(condition, shape), valuesAt(a, shape), valuesAt(b, shape)];
  const values = new Float64Array(holds.length);
  for (let i = 0; i < values.length; i++) values[i] = holds[i] !== 0 ? x[i]! : y[i]!;
  return tensorFrom(values, shape, isInt(a) && isInt(b) ? 'int' : 'float');
}

// One loop for each operation: a loop that calls a function given to it is several times slower.

/** The operations on single values, by their names in an engine. */
// prettier-ignore
export const elementwise = {
  neg: unary((x, y) => { for (let i = 0; i < y.length; i++) y[i] = -x[i]!; }, true),
  abs: unary((x, y) => { for (let i = 0; i < y.length; i++) y[i] = Math.abs(x[i]!); }, true),
  sqrt: unary((x, y) => { for (let i = 0; i < y.length; i++) y[i] = Math.sqrt(x[i]!); }),
  exp: unary((x, y) => { for (let i = 0; i < y.length; i++) y[i] = Math.exp(x[i]!); }),
  log: unary((x, y) => { for (let i = 0; i < y.length; i++) y[i] = Math.log(x[i]!); }),
  expm1: unary((x, y) => { for (let i = 0; i < y.length; i++) y[i] = Math.expm1(x[i]!); }),
  log1p: unary((x, y) => { for (let i = 0; i < y.length; i++) y[i] = Math.log1p(x[i]!); }),
  softplus: unary((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.max(x[i]!, 0) + Math.log1p(Math.exp(-Math.abs(x[i]!)));
  }),
  // Below -709, e^-x overflows: 1 / (1 + e^-x) would be 0 where e^x is not yet 0.
  sigmoid: unary((x, y) => {
    for (let i = 0; i < y.length; i++) {
      const e = Math.exp(-Math.abs(x[i]!));
      y[i] = (x[i]! >= 0 ? 1 : e) / (1 + e);
    }
  }),

  add: binary((a, b, y) => { for (let i = 0; i < y.length; i++) y[i] = a[i]! + b[i]!; }),
  sub: binary((a, b, y) => { for (let i = 0; i < y.length; i++) y[i] = a[i]! - b[i]!; }),
  mul: binary((a, b, y) => { for (let i = 0; i < y.length; i++) y[i] = a[i]! * b[i]!; }),
  div: binary((a, b, y) => { for (let i = 0; i < y.length; i++) y[i] = a[i]! / b[i]!; }, 'float'),
  pow: binary((a, b, y) => { for (let i = 0; i < y.length; i++) y[i] = a[i]! ** b[i]!; }, 'float'),
  maximum: binary((a, b, y) => { for (let i = 0; i < y.length; i++) y[i] = Math.max(a[i]!, b[i]!); }),
  minimum: binary((a, b, y) => { for (let i = 0; i < y.length; i++) y[i] = Math.min(a[i]!, b[i]!); }),
  equal: binary((a, b, y) => { for (let i = 0; i < y.length; i++) y[i] = Number(a[i] === b[i]); }, 'bool'),
  greater: binary((a, b, y) => { for (let i = 0; i < y.length; i++) y[i] = Number(a[i]! > b[i]!); }, 'bool'),
  greaterEqual: binary((a, b, y) => { for (let i = 0; i < y.length; i++) y[i] = Number(a[i]! >= b[i]!); }, 'bool'),
  where,
};

/** Rounds towards 0. */
// prettier-ignore
export const trunc = unary((x, y) => { for (let i = 0; i < y.length; i++) y[i] = Math.trunc(x[i]!); });

/** Converts to another kind, always in a new array. */
export function cast(x: DataTensor, dtype: DType): ArrayTensor {
  if (dtype === 'float') return tensorFrom(float64Of(x).slice(), x.dims);
  return tensorFrom(float64Of(dtype === 'int' ? trunc(x) : where(x, 1, 0)), x.dims, dtype);
}
