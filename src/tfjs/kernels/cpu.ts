import type { DataId, DataType, TensorInfo, TypedArray } from '@tensorflow/tfjs-core';

/** What our kernels use of tfjs's CPU backend. */
export interface CpuBackend {
  readonly data: { get(dataId: DataId): { readonly values: TypedArray } };
  makeTensorInfo(shape: readonly number[], dtype: DataType, values: TypedArray): TensorInfo;
  /** Counts one more tensor with the data. */
  incRef(dataId: DataId): void;
}
