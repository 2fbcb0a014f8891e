import type { DataId, DataType, TensorInfo, TypedArray } from '@tensorflow/tfjs-core';
import type { Implementation } from './kernel.js';
import type { Named } from '../named.js';

/** The part of tfjs's CPU backend that our kernels use. */
export interface CpuBackend {
  /** A float32 tensor that was cast from integers shares their Int32Array: results need a Float32Array of their own. */
  readonly data: { get(dataId: DataId): { readonly values: TypedArray } };
  makeTensorInfo(shape: readonly number[], dtype: DataType, values: TypedArray): TensorInfo;
  /** Adds a reference to the data, for one more tensor that shares it. */
  incRef(dataId: DataId): void;
}

/** A kernel on tfjs's CPU backend. */
export const onCpu =
  <Inputs, Attributes>(
    run: (backend: CpuBackend, inputs: Named<Inputs, TensorInfo>, attributes: Attributes) => TensorInfo,
  ): Implementation<Inputs, Attributes> =>
  ({ backend, inputs, attributes }) =>
    run(backend as CpuBackend, inputs, attributes);
