import { Tensor } from '../../../examples/own-engine/engine.js';
import { as, each, isTensor, lifted, operation, type Break, type Operand } from './break.js';

/** A binary operation that broadcasts only scalars. */
const withoutBroadcast = (name: 'add' | 'div' | 'maximum'): Break =>
  operation(`${name} takes tensors of one shape only`, (engine) => ({
    [name]: (a: Operand, b: Operand) => {
      const shapes = [a, b].filter(isTensor).map(({ shape }) => shape);
      if (new Set(shapes.map(String)).size > 1) throw new Error('the shapes differ');
      return engine[name](a, b);
    },
  }));

/** A binary operation that reads a smaller first operand in sequence, as if it had no axes of size 1. */
const inSequence = (name: 'sub' | 'mul' | 'greater'): Break =>
  operation(`${name} repeats its first operand in sequence`, (engine) => ({
    [name]: (a: Operand, b: Operand) => {
      const y = engine[name](a, b);
      if (!isTensor(a) || a.data.length === y.data.length) return y;
      const repeated = new Tensor(
        y.data.map((_, i) => a.data[i % a.data.length]!),
        y.shape,
        a.dtype,
      );
      return engine[name](repeated, b);
    },
  }));

/** A binary operation that mixes up its operands if the first is a number. */
const swapped = (name: 'sub' | 'div' | 'greater' | 'greaterEqual'): Break =>
  operation(`${name} with a number first has its operands swapped`, (engine) => ({
    [name]: (a: Operand, b: Operand) => (isTensor(a) ? engine[name](a, b) : engine[name](b, a)),
  }));

/** An operation along an axis that takes a negative one for the first axis. */
const negativeAxis = (name: 'sum' | 'max'): Break =>
  operation(`${name} takes a negative axis for the first`, (engine) => ({
    [name]: (x: Tensor, axis?: number) => engine[name](x, axis === undefined ? axis : Math.max(axis, 0)),
  }));

const lastAxisOnly = (name: 'sum' | 'max'): Break =>
  operation(`${name} without an axis reduces the last one only`, (engine) => ({
    [name]: (x: Tensor, axis?: number) => engine[name](x, axis ?? (x.shape.length > 1 ? x.shape.length - 1 : undefined)),
  }));

/** A binary operation that gives its other operand where one is NaN. */
const withoutNaN = (name: 'maximum' | 'minimum', lost: 'first' | 'second'): Break =>
  operation(`${name} loses a NaN of its ${lost} operand`, (engine) => ({
    [name]: (a: Operand, b: Operand) => {
      const y = engine[name](a, b);
      const [x, other] = [lost === 'first' ? a : b, lost === 'first' ? b : a].map((v) => engine.broadcastTo(lifted(v), y.shape));
      return each(y, (v, i) => (Number.isNaN(x!.data[i]) ? other!.data[i]! : v));
    },
  }));

/** A function of one tensor that loses NaN. */
const losesNaN = (name: 'exp' | 'log' | 'sigmoid' | 'softplus' | 'abs' | 'neg' | 'expm1' | 'log1p', value: number): Break =>
  operation(`${name} of NaN is ${value}`, (engine) => ({
    [name]: (x: Tensor) => each(engine[name](x), (v, i) => (Number.isNaN(x.data[i]) ? value : v)),
  }));

const compares = (name: 'equal' | 'greater' | 'greaterEqual', holds: (a: number, b: number) => boolean, how: string): Break =>
  operation(`${name} ${how}`, (engine) => ({
    [name]: (a: Operand, b: Operand) => {
      const y = engine[name](a, b);
      const [x, other] = [a, b].map((v) => engine.broadcastTo(lifted(v), y.shape).data);
      return each(y, (_, i) => Number(holds(x![i]!, other![i]!)));
    },
  }));

const condition = (how: string, holds: (c: number) => boolean): Break =>
  operation(`where selects by whether the condition ${how}`, (engine) => ({
    where: (c, a, b) =>
      engine.where(
        each(c, (v) => Number(holds(v))),
        a,
        b,
      ),
  }));

export const values: readonly Break[] = [
  withoutBroadcast('add'),
  withoutBroadcast('div'),
  withoutBroadcast('maximum'),
  inSequence('sub'),
  inSequence('mul'),
  inSequence('greater'),
  operation('where takes a condition of the full shape only', (engine) => ({
    where: (c, a, b) => {
      const y = engine.where(c, a, b);
      if (c.data.length !== y.data.length) throw new Error('the condition has another shape');
      return y;
    },
  })),
  operation('where does not broadcast its sides', (engine) => ({
    where: (c, a, b) => {
      const y = engine.where(c, a, b);
      if ([a, b].some((x) => isTensor(x) && x.data.length !== y.data.length)) throw new Error('a side has another shape');
      return y;
    },
  })),
  operation('where takes no two numbers', (engine) => ({
    where: (c, a, b) => {
      if (!isTensor(a) && !isTensor(b)) throw new Error('a side must be a tensor');
      return engine.where(c, a, b);
    },
  })),
  ...(['sub', 'div', 'greater', 'greaterEqual'] as const).map(swapped),

  withoutNaN('maximum', 'first'),
  withoutNaN('maximum', 'second'),
  withoutNaN('minimum', 'first'),
  withoutNaN('minimum', 'second'),
  losesNaN('exp', 0),
  losesNaN('log', -Infinity),
  losesNaN('sigmoid', 1),
  losesNaN('softplus', 0),
  losesNaN('abs', 0),
  losesNaN('neg', 0),
  losesNaN('expm1', -1),
  losesNaN('log1p', 0),
  operation('max skips NaN', (engine) => ({
    max: (x, axis) =>
      engine.max(
        each(x, (v) => (Number.isNaN(v) ? -Infinity : v)),
        axis,
      ),
  })),
  operation('sum skips NaN', (engine) => ({
    sum: (x, axis) =>
      engine.sum(
        each(x, (v) => (Number.isNaN(v) ? 0 : v)),
        axis,
      ),
  })),
  operation('cumsum skips NaN', (engine) => ({ cumsum: (x) => engine.cumsum(each(x, (v) => (Number.isNaN(v) ? 0 : v))) })),
  operation('mul of 0 and NaN is 0', (engine) => ({
    mul: (a, b) => {
      const y = engine.mul(a, b);
      const [x, other] = [a, b].map((v) => engine.broadcastTo(lifted(v), y.shape).data);
      return each(y, (v, i) => (x![i] === 0 || other![i] === 0 ? 0 : v));
    },
  })),
  operation('max is at least -1e20', (engine) => ({ max: (x, axis) => engine.maximum(as(x.dtype, engine.max(x, axis)), -1e20) })),
  compares('equal', (a, b) => Object.is(a, b) || a === b, 'holds for two NaNs'),
  compares('equal', (a, b) => a === b || Math.abs(a - b) <= 1e-5 * Math.abs(a), 'has a tolerance'),
  compares('equal', (a, b) => Object.is(a, b), 'tells 0 from -0'),
  compares('greater', (a, b) => !(a <= b), 'holds for NaN'),
  compares('greater', (a, b) => a >= b, 'holds for equal values'),
  compares('greaterEqual', (a, b) => !(a < b), 'holds for NaN'),
  compares('greaterEqual', (a, b) => a > b, 'fails for equal values'),
  condition('is 1', (c) => c === 1),
  condition('is positive', (c) => c > 0),
  condition('is not 0, NaN not included', (c) => c !== 0 && !Number.isNaN(c)),
  condition('truncated is not 0', (c) => Math.trunc(c) !== 0),
  operation('where is a weighted sum of both sides', (engine) => ({
    where: (c, a, b) => {
      const holds = each(engine.cast(engine.cast(c, 'bool'), 'float'), (v) => v);
      const y = engine.add(engine.mul(holds, a), engine.mul(engine.sub(1, holds), b));
      return as(engine.where(c, a, b).dtype, y);
    },
  })),

  negativeAxis('sum'),
  negativeAxis('max'),
  lastAxisOnly('sum'),
  lastAxisOnly('max'),
  operation('sum keeps the reduced axis', (engine) => ({
    sum: (x, axis) => {
      const y = engine.sum(x, axis);
      return axis === undefined
        ? y
        : engine.reshape(
            y,
            x.shape.map((n, i) => (i === (axis < 0 ? axis + x.shape.length : axis) ? 1 : n)),
          );
    },
  })),
  operation('sum over the middle of three axes is over the last', (engine) => ({
    sum: (x, axis) => (axis === 1 && x.shape.length === 3 ? engine.sum(x, 2) : engine.sum(x, axis)),
  })),
  operation('sum over an axis of a tensor of rank 3 fails', (engine) => ({
    sum: (x, axis) => {
      if (axis !== undefined && x.shape.length > 2) throw new Error('rank 3 is not supported');
      return engine.sum(x, axis);
    },
  })),
  operation('slice takes a negative axis for the first', (engine) => ({
    slice: (x, start, stop, axis) => engine.slice(x, start, stop, Math.max(axis, 0)),
  })),
  operation('concat takes a negative axis for the first', (engine) => ({ concat: (xs, axis) => engine.concat(xs, Math.max(axis, 0)) })),
  operation('cumsum runs along the first axis', (engine) => ({
    cumsum: (x) => {
      const [after, y] = [x.data.length / (x.shape[0] ?? 1), engine.cumsum(x).data.slice()];
      for (let i = 0; i < y.length; i++) y[i] = x.data[i]! + (i >= after ? y[i - after]! : 0);
      return new Tensor(y, x.shape, engine.cumsum(x).dtype);
    },
  })),
  operation('cumsum runs on through all rows', (engine) => ({
    cumsum: (x) => engine.reshape(engine.cumsum(engine.reshape(x, [x.data.length])), x.shape),
  })),
  operation('cumsum leaves out the value itself', (engine) => ({
    cumsum: (x) => as(engine.cumsum(x).dtype, engine.sub(engine.cumsum(x), x)),
  })),
  operation('sort is descending', (engine) => ({ sort: (x) => as(x.dtype, engine.neg(engine.sort(engine.neg(x)))) })),
  operation('sort sorts all rows together', (engine) => ({
    sort: (x) => engine.reshape(engine.sort(engine.reshape(x, [x.data.length])), x.shape),
  })),
  operation('sort compares values as texts', (engine) => ({
    sort: (x) => {
      const y = engine.sort(x);
      const n = x.shape.at(-1) ?? 1;
      return each(y, (_, i) => [...x.data.slice(i - (i % n), i - (i % n) + n)].map(String).sort().map(Number)[i % n]!);
    },
  })),

  operation('take clamps an index out of range', (engine) => ({
    take: (x, indices) =>
      engine.take(
        x,
        each(indices, (i) => Math.min(Math.max(i, 0), x.shape[0]! - 1)),
      ),
  })),
  operation('take counts a negative index from the end', (engine) => ({
    take: (x, indices) =>
      engine.take(
        x,
        each(indices, (i) => (i < 0 ? i + x.shape[0]! : i)),
      ),
  })),
  operation('take gives 0 for an index out of range', (engine) => ({
    take: (x, indices) => {
      const block = x.data.length / x.shape[0]!;
      const isIn = (i: number) => i >= 0 && i < x.shape[0]!;
      return each(engine.take(x, indices), (v, i) => (isIn(indices.data[Math.floor(i / block)]!) ? v : 0));
    },
  })),
  operation('take takes single values of a matrix', (engine) => ({
    take: (x, indices) => engine.reshape(engine.take(engine.reshape(x, [x.data.length]), indices), [indices.data.length]),
  })),
  operation('slice counts the stop in', (engine) => ({
    slice: (x, start, stop, axis) => engine.slice(x, start, Math.min(stop + 1, x.shape.at(axis)!), axis),
  })),
  operation('slice takes the stop for a size', (engine) => ({
    slice: (x, start, stop, axis) => engine.slice(x, start, Math.min(start + stop, x.shape.at(axis)!), axis),
  })),
  operation('concat of three leaves out the third', (engine) => ({ concat: (xs, axis) => engine.concat(xs.slice(0, 2), axis) })),
  operation('concat joins in reverse order', (engine) => ({ concat: (xs, axis) => engine.concat([...xs].reverse(), axis) })),
  operation('concat along the last axis joins the values in sequence', (engine) => ({
    concat: (xs, axis) => {
      const y = engine.concat(xs, axis);
      const all = xs.flatMap(({ data }) => [...data]);
      return each(y, (_, i) => all[i]!);
    },
  })),
  operation('reshape reads column by column', (engine) => ({
    reshape: (x, shape) => {
      const [rows = 1, columns = 1] = x.shape;
      const y = engine.reshape(x, shape);
      return x.shape.length === 2 ? each(y, (_, i) => x.data[(i % rows) * columns + Math.floor(i / rows)]!) : y;
    },
  })),
  operation('broadcastTo repeats in sequence', (engine) => ({
    broadcastTo: (x, shape) => each(engine.broadcastTo(x, shape), (_, i) => x.data[i % x.data.length]!),
  })),
  operation('broadcastTo adds no axes', (engine) => ({
    broadcastTo: (x, shape) => {
      if (x.shape.length !== shape.length) throw new Error('the ranks differ');
      return engine.broadcastTo(x, shape);
    },
  })),
  operation('arange starts at 1', (engine) => ({ arange: (n) => as('int', engine.add(engine.arange(n), 1)) })),
  operation('constant takes no typed arrays', (engine) => ({
    constant: (list, dtype) => {
      if (ArrayBuffer.isView(list)) throw new TypeError('expected a list');
      return engine.constant(list, dtype);
    },
  })),
  operation('constant takes lists of at most two axes', (engine) => ({
    constant: (list, dtype) => {
      const x = engine.constant(list, dtype);
      return x.shape.length > 2 ? engine.reshape(x, [x.shape[0]!, x.data.length / x.shape[0]!]) : x;
    },
  })),
  operation('constant makes a scalar a list of one', (engine) => ({
    constant: (list, dtype) => engine.constant(typeof list === 'number' ? [list] : list, dtype),
  })),
];
