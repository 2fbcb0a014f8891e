import { describe } from '../describe.js';
import type { DType, TypedArray } from '../dtypes.js';
import { show, sizeOf } from './shapes.js';

/** The kinds of arrays that hold the values of a tensor; float16 as a `Float16Array`, or as its bits in a `Uint16Array`. */
export type TensorData = TypedArray | BigInt64Array | BigUint64Array;

/**
 * A tensor in memory, as ONNX Runtime and transformers.js hold theirs: the values in row-major order, and the sizes of the axes.
 * Their own classes, plain objects of this form and {@link ArrayTensor} are taken alike.
 */
export interface DataTensor {
  /** The values: a typed array, also of 64-bit integers. */
  readonly data: unknown;
  /** Sizes of the axes; `[]` for a scalar. */
  readonly dims: readonly number[];
  /** The type of the values, in the words of ONNX: 'float32', 'float16', 'int64', 'bool' and so on. Default: that of `data`. */
  readonly type?: unknown;
}

/** A tensor or a number. */
export type Operand = DataTensor | number;

export const dimsOf = (x: Operand): readonly number[] => (typeof x === 'number' ? [] : x.dims);

/** How results hold their values: floats, integers, and conditions as 1 and 0. */
type ResultData = Float64Array | Int32Array | Uint8Array;

/** A tensor of the engine for `{ data, dims }`: the result of its functions, and of {@link tensorOf}. */
export class ArrayTensor<Data extends TensorData = ResultData> implements DataTensor {
  /** See {@link DataTensor}. */
  readonly type: string;

  /**
   * Makes a tensor without checks; see {@link tensorOf}.
   *
   * @param data - The values, which are not copied.
   * @param dims - The sizes of the axes.
   * @param type - 'bool' for conditions, 'float16' for the bits of such numbers. Default: the type of `data`.
   */
  constructor(
    readonly data: Data,
    readonly dims: readonly number[],
    type?: string,
  ) {
    this.type = type ?? typeOf(data)!;
  }
}

/**
 * A tensor of the given values, for functions of `prefloss/core`: log-probs or logits that another program or library computed.
 *
 * @param data - The values in row-major order, which are not copied. A `Float32Array` of logits meets the fastest kernels.
 * @param shape - The sizes of the axes. Default: one axis.
 * @returns The tensor, `{ data, dims, type }`.
 * @throws TypeError if `data` is not a typed array.
 * @throws RangeError if an axis is not an integer of at least 0, or the number of values is not the product of the axes.
 *
 * @example
 * ```ts
 * import { tensorOf, tokenLogProbs } from 'prefloss/core';
 * const logits = tensorOf(new Float32Array([0, 0, 0, Math.log(3)]), [1, 2, 2]);
 * const logps = tokenLogProbs(logits, [[0, 1]]);
 * console.log(logps.dims, Array.from(logps.data, (x) => x.toFixed(4)).join()); // [ 1, 2 ] -0.6931,-0.2877
 * ```
 */
export function tensorOf<Data extends TensorData>(data: Data, shape?: readonly number[]): ArrayTensor<Data> {
  if (typeOf(data) === undefined) throw new TypeError(`tensorOf: data is ${describe(data)}, expected a typed array of numbers`);
  const dims: unknown = shape ?? [data.length];
  if (!isSizes(dims)) throw new TypeError(`tensorOf: shape is ${describe(dims)}, expected a list of integers`);
  checkSize('tensorOf: ', 'shape', data, dims);
  return new ArrayTensor(data, [...dims]);
}

/** The part of the name of a typed array's class that names the type of its values. */
const TYPE = /^(?:Big)?(\w+?)(?:Clamped)?Array$/;

/** The type of the values of a typed array; undefined for anything else. */
const typeOf = (data: unknown): string | undefined =>
  ArrayBuffer.isView(data) ? TYPE.exec((data as unknown as Record<symbol, string>)[Symbol.toStringTag]!)?.[1]!.toLowerCase() : undefined;

const isSizes = (value: unknown): value is readonly number[] => Array.isArray(value);

/** Whether a value has the form of a {@link DataTensor}. Its parts are checked by {@link checkTensorData}. */
export const isDataTensor = (value: unknown): value is DataTensor =>
  typeof value === 'object' && value !== null && 'dims' in value && 'data' in value && isSizes(value.dims);

/** Checks that the values are numbers, as many as the axes hold. The tensors that this engine made are known to be right. */
export function checkTensorData(tensor: DataTensor): void {
  if (tensor instanceof ArrayTensor) return;
  const data = dataOf(tensor);
  if (typeOf(data) === undefined) throw new TypeError(`data is ${describe(data)}, expected a typed array of numbers`);
  checkSize('', 'dims', data as TensorData, tensor.dims);
}

/** Checks that axes are sizes that hold all values. */
function checkSize(start: string, name: string, { length }: TensorData, sizes: readonly number[]): void {
  // A copy has no holes, which `every` would skip.
  if (![...sizes].every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new RangeError(`${start}${name} is ${show(sizes)}, expected integers of at least 0`);
  }
  const size = sizeOf(sizes);
  if (length !== size) throw new RangeError(`${start}data has ${length} values, expected ${size} for ${name} ${show(sizes)}`);
}

/** The values of a tensor. ONNX Runtime throws for values that are still on a GPU. */
function dataOf(tensor: DataTensor): unknown {
  try {
    return tensor.data;
  } catch (error) {
    const reason = (error as Error).message;
    throw new TypeError(`data cannot be read (${reason}); await tensor.getData() first`, { cause: error });
  }
}

/** The kind of the values. */
export function dtypeOf({ data, type }: DataTensor): DType {
  if (type === 'bool') return 'bool';
  const own = type === 'float16' ? type : typeOf(data)!;
  return own.startsWith('float') ? 'float' : 'int';
}

/** The values as floats, in the precision that they have: float16 becomes float32, integers become float64. */
export function floatsOf({ data, type }: DataTensor): Float32Array | Float64Array {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  if (type === 'float16' && data instanceof Uint16Array) return Float32Array.from(data, float16);
  if (typeOf(data) === 'float16') return Float32Array.from(data as ArrayLike<number>);
  return float64Of({ data, dims: [] });
}

/** The values in float64; the array of the tensor itself if it has that type, so it must not be changed. */
export function float64Of(tensor: DataTensor): Float64Array {
  const { data } = tensor;
  if (data instanceof Float64Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data as BigInt64Array, Number);
  if (dtypeOf(tensor) === 'float') return new Float64Array(floatsOf(tensor));
  return new Float64Array(data as TypedArray);
}

/** A float16 from its bits. */
function float16(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, (bits & 1023) / 1024];
  let size = exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14;
  if (exponent === 31) size = fraction ? NaN : Infinity;
  return bits & 0x8000 ? -size : size;
}

/** A tensor of the given kind from values in float64. */
export function tensorFrom(values: Float64Array, dims: readonly number[], dtype: DType = 'float'): ArrayTensor {
  if (dtype === 'float') return new ArrayTensor(values, dims);
  return dtype === 'int' ? new ArrayTensor(new Int32Array(values), dims) : new ArrayTensor(new Uint8Array(values), dims, 'bool');
}
