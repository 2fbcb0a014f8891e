import { around, axisFrom0, sizeOf, sumOver } from './shapes.js';
import { dtypeOf, float64Of, tensorFrom, type ArrayTensor, type DataTensor } from './tensor.js';
import type { DType } from '../types.js';

/** Integers stay integers, everything else becomes floats. */
const numeric = (x: DataTensor): DType => (dtypeOf(x) === 'int' ? 'int' : 'float');

/** Sum over one axis, or over all. */
export function sum(x: DataTensor, axis?: number): ArrayTensor {
  const values = float64Of(x);
  if (axis === undefined) return tensorFrom(sumOver(values, [values.length], 0), [], numeric(x));
  const at = axisFrom0(axis, x.dims);
  return tensorFrom(sumOver(values, x.dims, at), without(x.dims, at), numeric(x));
}

/** Largest value over one axis, or over all; -Infinity if there is none. */
export function max(x: DataTensor, axis?: number): ArrayTensor {
  const values = float64Of(x);
  const [dims, at] = axis === undefined ? [[values.length], 0] : [x.dims, axisFrom0(axis, x.dims)];
  const [before, size, after] = around(dims, at);
  const largest = new Float64Array(before * after).fill(-Infinity);
  for (let i = 0, from = 0; i < before; i++)
    for (let k = 0; k < size; k++) for (let j = i * after; j < (i + 1) * after; j++) largest[j] = Math.max(largest[j]!, values[from++]!);
  return tensorFrom(largest, without(dims, at), numeric(x));
}

const without = (dims: readonly number[], axis: number): readonly number[] => dims.filter((_, i) => i !== axis);

/** Calls `f` for each row of the last axis, with the row and its place in the result. */
function forRows(x: DataTensor, f: (row: Float64Array, result: Float64Array) => void): Float64Array {
  const [values, size] = [float64Of(x), x.dims.at(-1) ?? 1];
  const result = new Float64Array(sizeOf(x.dims));
  for (let at = 0; at < result.length; at += size) f(values.subarray(at, at + size), result.subarray(at, at + size));
  return result;
}

/** Running sum along the last axis. */
export function cumsum(x: DataTensor): ArrayTensor {
  const sums = forRows(x, (row, result) => {
    let total = 0;
    row.forEach((value, i) => (result[i] = total += value));
  });
  return tensorFrom(sums, x.dims, numeric(x));
}

/** Sorts ascending along the last axis. */
export function sort(x: DataTensor): ArrayTensor {
  const sorted = forRows(x, (row, result) => {
    result.set(row);
    result.sort();
  });
  return tensorFrom(sorted, x.dims, dtypeOf(x));
}
