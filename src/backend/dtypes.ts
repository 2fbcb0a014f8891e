/** A typed array of numbers. */
export type TypedArray =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint8ClampedArray | Uint16Array | Uint32Array;

/** The dtypes that this library distinguishes. */
export type DType = 'float' | 'int' | 'bool';
