import type { DataId, DataType, TensorInfo, TypedArray } from '@tensorflow/tfjs-core';
import type { Implementation } from './kernel.js';
import type { Named } from '../named.js';

/** What our kernels use of tfjs's CPU backend. */
export interface CpuBackend {
  readonly data: { get(dataId: DataId): { readonly values: TypedArray } };
  makeTensorInfo(shape: readonly number[], dtype: DataType, values: TypedArray): TensorInfo;
  /** Counts one more tensor with the data. */
  incRef(dataId: DataId): void;
}

/** A kernel on tfjs's CPU backend. */
export const onCpu =
  <Inputs, Attributes>(
    run: (backend: CpuBackend, inputs: Named<Inputs, TensorInfo>, attributes: Attributes) => TensorInfo,
  ): Implementation<Inputs, Attributes> =>
  ({ backend, inputs, attributes }) =>
    run(backend as CpuBackend, inputs, attributes);
