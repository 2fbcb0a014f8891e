import type { DType } from '../types.js';
import { commonShape, repeated, sizeOf } from './shapes.js';
import { dimsOf, dtypeOf, float64Of, tensorFrom, type ArrayTensor, type DataTensor, type Operand } from './tensor.js';

type Values = Float64Array;

/** Writes `f(x)` to y. */
type Loop = (x: Values, y: Values) => void;
/** Writes `f(a, b)` to y. */
type Loop2 = (a: Values, b: Values, y: Values) => void;

// One loop for each operation: a loop that calls a function given to it is several times slower.

// prettier-ignore
const unaryLoops = {
  neg: (x: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = -x[i]!; },
  abs: (x: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Math.abs(x[i]!); },
  sqrt: (x: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Math.sqrt(x[i]!); },
  exp: (x: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Math.exp(x[i]!); },
  log: (x: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Math.log(x[i]!); },
  expm1: (x: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Math.expm1(x[i]!); },
  log1p: (x: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Math.log1p(x[i]!); },
  softplus: (x: Values, y: Values) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.max(x[i]!, 0) + Math.log1p(Math.exp(-Math.abs(x[i]!)));
  },
  // Below -709, e^-x overflows: 1 / (1 + e^-x) would be 0 where e^x is not yet 0.
  sigmoid: (x: Values, y: Values) => {
    for (let i = 0; i < y.length; i++) {
      const e = Math.exp(-Math.abs(x[i]!));
      y[i] = (x[i]! >= 0 ? 1 : e) / (1 + e);
    }
  },
  trunc: (x: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Math.trunc(x[i]!); },
  isNonZero: (x: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Number(x[i]! !== 0); },
} satisfies Record<string, Loop>;

// prettier-ignore
const binaryLoops = {
  add: (a: Values, b: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = a[i]! + b[i]!; },
  sub: (a: Values, b: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = a[i]! - b[i]!; },
  mul: (a: Values, b: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = a[i]! * b[i]!; },
  div: (a: Values, b: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = a[i]! / b[i]!; },
  pow: (a: Values, b: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = a[i]! ** b[i]!; },
  maximum: (a: Values, b: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Math.max(a[i]!, b[i]!); },
  minimum: (a: Values, b: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Math.min(a[i]!, b[i]!); },
  equal: (a: Values, b: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Number(a[i] === b[i]); },
  greater: (a: Values, b: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Number(a[i]! > b[i]!); },
  greaterEqual: (a: Values, b: Values, y: Values) => { for (let i = 0; i < y.length; i++) y[i] = Number(a[i]! >= b[i]!); },
} satisfies Record<string, Loop2>;

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

export const neg = unary(unaryLoops.neg, true);
export const abs = unary(unaryLoops.abs, true);
export const sqrt = unary(unaryLoops.sqrt);
export const exp = unary(unaryLoops.exp);
export const log = unary(unaryLoops.log);
export const expm1 = unary(unaryLoops.expm1);
export const log1p = unary(unaryLoops.log1p);
export const softplus = unary(unaryLoops.softplus);
export const sigmoid = unary(unaryLoops.sigmoid);

export const add = binary(binaryLoops.add);
export const sub = binary(binaryLoops.sub);
export const mul = binary(binaryLoops.mul);
export const div = binary(binaryLoops.div, 'float');
export const pow = binary(binaryLoops.pow, 'float');
export const maximum = binary(binaryLoops.maximum);
export const minimum = binary(binaryLoops.minimum);
export const equal = binary(binaryLoops.equal, 'bool');
export const greater = binary(binaryLoops.greater, 'bool');
export const greaterEqual = binary(binaryLoops.greaterEqual, 'bool');

/** Rounds towards 0. */
export const trunc = unary(unaryLoops.trunc);
const isNonZero = unary(unaryLoops.isNonZero);

/** Converts to another kind, always in a new array. */
export function cast(x: DataTensor, dtype: DType): ArrayTensor {
  if (dtype === 'float') return tensorFrom(float64Of(x).slice(), x.dims);
  return tensorFrom(float64Of(dtype === 'int' ? trunc(x) : isNonZero(x)), x.dims, dtype);
}

/** `a` where the condition is not 0, `b` elsewhere. */
export function where(condition: DataTensor, a: Operand, b: Operand): ArrayTensor {
  const shape = [dimsOf(a), dimsOf(b)].reduce(commonShape, condition.dims);
  const [holds, x, y] = [valuesAt(condition, shape), valuesAt(a, shape), valuesAt(b, shape)];
  const values = new Float64Array(holds.length);
  for (let i = 0; i < values.length; i++) values[i] = holds[i] !== 0 ? x[i]! : y[i]!;
  return tensorFrom(values, shape, isInt(a) && isInt(b) ? 'int' : 'float');
}
