import type { Backend, Nested } from '../types.js';

type List = readonly Nested[];

/**
 * The reference engine: nested lists of numbers, in float64, without gradients. It is written for clarity, not for speed:
 * `checkGradients` compares other engines with it. It reads booleans as 1 and 0, and typed arrays as lists.
 */
export const arrays: Backend<Nested> = {
  name: 'arrays',
  owns: (value) => typeof value === 'number' || isList(value),
  shape,
  dtype: () => 'float',
  isUntyped: true,

  peek: flat,
  read: (xs) => Promise.resolve(xs.map(flat)),
  scope: (f) => f(),

  constant: (values) => values,
  arange: (n) => Array.from({ length: n }, (_, i) => i),
  cast: (x, dtype) => (dtype === 'bool' ? map(x, (v) => Number(v !== 0)) : dtype === 'int' ? map(x, Math.trunc) : map(x, (v) => v)),

  add: (a, b) => zip(a, b, (x, y) => x + y),
  sub: (a, b) => zip(a, b, (x, y) => x - y),
  mul: (a, b) => zip(a, b, (x, y) => x * y),
  div: (a, b) => zip(a, b, (x, y) => x / y),
  maximum: (a, b) => zip(a, b, Math.max),
  minimum: (a, b) => zip(a, b, Math.min),
  pow: (x, y) => zip(x, y, Math.pow),
  neg: (x) => map(x, (v) => -v),
  abs: (x) => map(x, Math.abs),
  sqrt: (x) => map(x, Math.sqrt),
  exp: (x) => map(x, Math.exp),
  log: (x) => map(x, Math.log),
  expm1: (x) => map(x, Math.expm1),
  log1p: (x) => map(x, Math.log1p),
  softplus: (x) => map(x, (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)))),
  // Below -709, e^-v overflows: 1 / (1 + e^-v) would be 0 where e^v is not yet 0.
  sigmoid: (x) => map(x, (v) => (v >= 0 ? 1 / (1 + Math.exp(-v)) : Math.exp(v) / (1 + Math.exp(v)))),

  equal: (a, b) => zip(a, b, (x, y) => Number(x === y)),
  greater: (a, b) => zip(a, b, (x, y) => Number(x > y)),
  greaterEqual: (a, b) => zip(a, b, (x, y) => Number(x >= y)),
  where: (condition, a, b) => {
    const to = [condition, a, b].map(shape).reduce(commonShape);
    const [c, x, y] = [condition, a, b].map((v) => flat(broadcastTo(v, to))) as [number[], number[], number[]];
    return nest(
      c.map((v, i) => (v !== 0 ? x[i]! : y[i]!)),
      to,
    );
  },

  sum: (x, axis) => reduce(x, axis, (a, b) => a + b, 0),
  max: (x, axis) => reduce(x, axis, Math.max, -Infinity),
  cumsum: (x) => alongLast(x, runningSum),
  sort: (x) => alongLast(x, (row) => [...row].sort((a, b) => a - b)),
  argsort: (x) => alongLast(x, (row) => row.map((_, i) => i).sort((i, j) => row[i]! - row[j]!)),

  take: (x, indices) =>
    flat(indices).map((i) => {
      const row = (x as List)[i];
      if (row === undefined) throw new RangeError(`take: index ${String(i)} is out of range for ${String((x as List).length)} rows`);
      return row;
    }),
  slice,
  concat,
  reshape,
  broadcastTo,
  stopGradient: (x) => map(x, (v) => v),
};

/** Whether a value is a list or a typed array of numbers. */
export function isList(value: unknown): value is List {
  if (Array.isArray(value)) return true;
  return ArrayBuffer.isView(value) && !(value instanceof DataView || value instanceof BigInt64Array || value instanceof BigUint64Array);
}

/** Whether a list holds a boolean at any depth. */
export const holdsBoolean = (x: unknown): boolean => typeof x === 'boolean' || (Array.isArray(x) && x.some(holdsBoolean));

/** Most axes of a list; a list that holds itself has no end. */
const MAX_AXES = 32;

function shape(x: Nested): readonly number[] {
  return shapeAt(x, 0);
}

/** The shape of a part of a list, this many lists deep. */
function shapeAt(x: Nested, depth: number): readonly number[] {
  if (isLeaf(x)) return [];
  if (depth >= MAX_AXES) throw new RangeError(`a list is nested more than ${MAX_AXES} deep`);
  if (!isList(x))
    throw new TypeError(`a list holds ${((x as unknown) ?? undefined) === undefined ? String(x) : `a ${typeof x}`}, expected numbers`);
  if (!Array.isArray(x)) return [x.length];
  // `map` would visit every hole.
  for (let i = 0; i < x.length; i++) if (!(i in x)) throw new TypeError('a list has a hole, expected numbers');
  const [inner = [], ...others] = (x as List).map((part) => shapeAt(part, depth + 1));
  const other = others.find((size) => size.length !== inner.length || size.some((n, i) => n !== inner[i]));
  if (other) throw new RangeError(`a list is ragged: it holds entries of shape ${show(inner)} and ${show(other)}`);
  return [x.length, ...inner];
}

function flat(x: Nested): number[] {
  if (isLeaf(x)) return [toNumber(x)];
  return rank(x) === 1 ? Array.from(x, toNumber) : x.flatMap(flat);
}

function nest(values: readonly number[], to: readonly number[]): Nested {
  const [size, ...rest] = to;
  if (size === undefined) return values[0]!;
  if (rest.length === 0) return [...values];
  const step = values.length / size;
  return Array.from({ length: size }, (_, i) => nest(values.slice(i * step, (i + 1) * step), rest));
}

function map(x: Nested, f: (v: number) => number): Nested {
  return isLeaf(x) ? f(toNumber(x)) : Array.from(x, (row) => map(row, f));
}

const isEmpty = (x: Nested): boolean => Array.isArray(x) && x.length === 0;

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
const show = (sizes: readonly number[]): string => `[${sizes.join(', ')}]`;

const isLeaf = (x: unknown): x is number => typeof x === 'number' || typeof x === 'boolean';

/** A number, from a boolean too. */
const toNumber = (x: unknown): number => Number(x);

const rank = (x: Nested): number => (isLeaf(x) ? 0 : 1 + rank(x[0] ?? 0));

function zip(a: Nested, b: Nested, f: (x: number, y: number) => number): Nested {
  if (isLeaf(a) && isLeaf(b)) return f(toNumber(a), toNumber(b));
  const [ra, rb] = [rank(a), rank(b)];
  if (ra > rb) return Array.from(a as List, (row) => zip(row, b, f));
  if (ra < rb) return Array.from(b as List, (row) => zip(a, row, f));
  const [x, y] = [a as List, b as List];
  const size = commonShape([x.length], [y.length])[0]!;
  return Array.from({ length: size }, (_, i) => zip(x[x.length === 1 ? 0 : i]!, y[y.length === 1 ? 0 : i]!, f));
}

const positive = (axis: number, x: Nested): number => (axis < 0 ? axis + rank(x) : axis);

function reduce(x: Nested, axis: number | undefined, f: (a: number, b: number) => number, empty: number): Nested {
  if (axis === undefined) return flat(x).reduce((a, b) => f(a, b), empty);
  // The rank of an empty list is unknown: a negative axis is not its first.
  if (axis < 0 && isEmpty(x)) return [];
  const at = positive(axis, x);
  return at === 0 ? (x as List).reduce((a, b) => zip(a, b, f), empty) : (x as List).map((row) => reduce(row, at - 1, f, empty));
}

function alongLast(x: Nested, f: (row: number[]) => number[]): Nested {
  return rank(x) > 1 ? (x as List).map((row) => alongLast(row, f)) : f(flat(x));
}

function runningSum(row: readonly number[]): number[] {
  let total = 0;
  return row.map((v) => (total += v));
}

function reshape(x: Nested, to: readonly number[]): Nested {
  const values = flat(x);
  if (values.length !== product(to)) throw new RangeError(`reshape: ${values.length} values do not fit shape ${show(to)}`);
  return nest(values, to);
}

function slice(x: Nested, start: number, stop: number, axis: number): Nested {
  const at = positive(axis, x);
  if (at === 0 && !(start >= 0 && stop <= (x as List).length)) {
    throw new RangeError(`slice: [${start}, ${stop}) is outside [0, ${(x as List).length})`);
  }
  return at === 0 ? (x as List).slice(start, stop) : (x as List).map((row) => slice(row, start, stop, at - 1));
}

function concat(xs: readonly Nested[], axis: number): Nested {
  const at = positive(axis, xs[0]!);
  const others = (x: Nested) => show(shape(x).filter((_, i) => i !== at));
  const other = xs.find((x) => others(x) !== others(xs[0]!));
  if (other !== undefined) {
    throw new RangeError(`concat: shapes ${show(shape(xs[0]!))} and ${show(shape(other))} differ in an axis other than ${at}`);
  }
  return join(xs, at);
}

function join(xs: readonly Nested[], at: number): Nested {
  if (at === 0) return (xs as readonly List[]).flatMap((x) => Array.from(x));
  const rowsAt = (i: number) => xs.map((x) => (x as List)[i]!);
  return (xs[0] as List).map((_, i) => join(rowsAt(i), at - 1));
}

function broadcastTo(x: Nested, to: readonly number[]): Nested {
  const from = shape(x);
  if (show(from) === show(to)) return map(x, (v) => v);
  if (show(commonShape(from, to)) !== show(to)) throw new RangeError(`broadcastTo: shape ${show(from)} does not broadcast to ${show(to)}`);
  const zeros = nest(new Array<number>(product(to)).fill(0), to);
  return zip(zeros, x, (_, v) => v);
}

/** The shape that both shapes broadcast to. */
function commonShape(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a.at(i - rank) ?? 1, b.at(i - rank) ?? 1];
    if (x !== y && x !== 1 && y !== 1) throw new RangeError(`shapes ${show(a)} and ${show(b)} do not broadcast`);
    return x === 1 ? y : x;
  });
}
