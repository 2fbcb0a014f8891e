import { backend, type DataId, type Tensor, type TypedArray } from '@tensorflow/tfjs-core';

/** What our kernels use of tfjs's Node.js backend: it runs any operation of TensorFlow by name. */
export interface TensorflowBackend {
  readSync(dataId: DataId): TypedArray;
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_FLOAT: number };
  executeSingleOutput(operation: string, attributes: readonly object[], inputs: readonly Tensor[]): Tensor;
}

/** Writes to, or adds to, the rows of `x` in its own memory: nothing else may need its old values. */
export function inPlace(operation: 'InplaceAdd' | 'InplaceUpdate', x: Tensor, rows: Tensor, values: Tensor): Tensor {
  const tensorflow = backend() as unknown as TensorflowBackend;
  const { TF_ATTR_TYPE, TF_FLOAT } = tensorflow.binding;
  return tensorflow.executeSingleOutput(operation, [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }], [x, rows, values]);
}
