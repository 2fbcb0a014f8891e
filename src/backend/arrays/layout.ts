import { around, axisFrom0, commonShape, isSame, repeated, show, sizeOf } from './shapes.js';
import { dtypeOf, float64Of, tensorFrom, type ArrayTensor, type DataTensor } from './tensor.js';

/** The same kind of tensor as `x`, with other values and axes. */
const like = (x: DataTensor, values: Float64Array, dims: readonly number[]): ArrayTensor => tensorFrom(values, dims, dtypeOf(x));

/** A copy with other axes. */
export function reshape(x: DataTensor, shape: readonly number[]): ArrayTensor {
  const values = float64Of(x);
  if (values.length !== sizeOf(shape)) throw new RangeError(`reshape: ${values.length} values do not fit shape ${show(shape)}`);
  return like(x, values.slice(), shape);
}

/** A copy with axes of size 1 repeated. */
export function broadcastTo(x: DataTensor, shape: readonly number[]): ArrayTensor {
  if (!isSame(commonShape(x.dims, shape), shape)) {
    throw new RangeError(`broadcastTo: shape ${show(x.dims)} does not broadcast to ${show(shape)}`);
  }
  const values = float64Of(x);
  const all = repeated(values, x.dims, shape);
  return like(x, all === values ? values.slice() : all, shape);
}

/** `x[start:stop]` along one axis. */
export function slice(x: DataTensor, start: number, stop: number, axis: number): ArrayTensor {
  const at = axisFrom0(axis, x.dims);
  const [before, size, after] = around(x.dims, at);
  if (!(start >= 0 && stop <= size)) throw new RangeError(`slice: [${start}, ${stop}) is outside [0, ${size})`);
  const [values, block] = [float64Of(x), (stop - start) * after];
  const result = new Float64Array(before * block);
  for (let i = 0; i < before; i++) result.set(values.subarray((i * size + start) * after, (i * size + stop) * after), i * block);
  return like(x, result, sized(x.dims, at, stop - start));
}

const sized = (dims: readonly number[], axis: number, size: number): readonly number[] => dims.map((n, i) => (i === axis ? size : n));

/** Concatenates along one axis. Tensors of several kinds become floats. */
export function concat(xs: readonly DataTensor[], axis: number): ArrayTensor {
  const [first] = xs as [DataTensor];
  const at = axisFrom0(axis, first.dims);
  const other = xs.find(({ dims }) => !isSame(sized(dims, at, 0), sized(first.dims, at, 0)));
  if (other) throw new RangeError(`concat: shapes ${show(first.dims)} and ${show(other.dims)} differ in an axis other than ${at}`);
  const size = xs.reduce((total, { dims }) => total + dims[at]!, 0);
  const [before, , after] = around(first.dims, at);
  const result = new Float64Array(before * size * after);
  let start = 0;
  for (const x of xs) {
    const [values, block] = [float64Of(x), x.dims[at]! * after];
    for (let i = 0; i < before; i++) result.set(values.subarray(i * block, (i + 1) * block), i * size * after + start);
    start += block;
  }
  const isOneKind = xs.every((x) => dtypeOf(x) === dtypeOf(first));
  return tensorFrom(result, sized(first.dims, at, size), isOneKind ? dtypeOf(first) : 'float');
}

/** `x[indices]` along the first axis. */
export function take(x: DataTensor, indices: DataTensor): ArrayTensor {
  const [[rows = 0, ...others], values] = [x.dims, float64Of(x)];
  const block = sizeOf(others);
  const places = float64Of(indices);
  const result = new Float64Array(places.length * block);
  places.forEach((from, to) => {
    if (!(Number.isInteger(from) && from >= 0 && from < rows)) throw new RangeError(`take: index ${from} is out of range for ${rows} rows`);
    if (block === 1) result[to] = values[from]!;
    else result.set(values.subarray(from * block, (from + 1) * block), to * block);
  });
  return like(x, result, [places.length, ...others]);
}
