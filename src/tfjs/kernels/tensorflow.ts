import { tidy, type DataId, type Tensor, type TensorInfo, type TypedArray } from '@tensorflow/tfjs-core';
import type { Implementation } from './kernel.js';
import type { Named } from '../named.js';

/** The part of tfjs's Node.js backend that our kernels use. It runs any operation of TensorFlow by name. */
export interface TensorflowBackend {
  readSync(dataId: DataId): TypedArray;
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_FLOAT: number };
  executeSingleOutput(operation: string, attributes: readonly object[], inputs: readonly TensorInfo[]): Tensor;
}

/**
 * A kernel on tfjs's Node.js backend, written in operations of tfjs, which are not recorded inside a kernel. Tensors that `run` makes
 * and does not return are disposed.
 */
export const onTensorflow =
  <Inputs, Attributes>(
    run: (backend: TensorflowBackend, inputs: Named<Inputs, Tensor>, attributes: Attributes) => Tensor | Tensor[],
  ): Implementation<Inputs, Attributes> =>
  ({ backend, inputs, attributes }) =>
    tidy(() => run(backend as TensorflowBackend, inputs as Named<Inputs, Tensor>, attributes));

/** Overwrites rows of `x`, or adds to them, in place. No other tensor may depend on the old values. */
export function inPlace(
  backend: TensorflowBackend,
  operation: 'InplaceAdd' | 'InplaceUpdate',
  x: TensorInfo,
  rows: TensorInfo,
  values: TensorInfo,
): Tensor {
  const { TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
  return backend.executeSingleOutput(operation, [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }], [x, rows, values]);
}
