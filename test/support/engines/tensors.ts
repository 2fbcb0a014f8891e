import { arrays } from '../../../src/backend/arrays/arrays.js';
import type { DataTensor } from '../../../src/backend/arrays/tensor.js';
import { tensors } from '../../../src/backend/arrays/tensors.js';
import type { DType, Nested } from '../../../src/backend/types.js';
import type { EngineUnderTest } from '../../../src/testing/conformance/engineUnderTest.js';

/** A tensor as another library makes it: a plain object. */
function dataTensor(values: Nested, dtype: DType): DataTensor {
  const dims = arrays.shape(values);
  const numbers = Float64Array.from(arrays.peek(values)!);
  if (dtype === 'float') return { data: numbers, dims };
  // As the models of transformers.js have them.
  return dtype === 'int' ? { data: BigInt64Array.from(numbers, BigInt), dims } : { data: Uint8Array.from(numbers), dims, type: 'bool' };
}

/** The engine of `{ data, dims }`. */
export const engineUnderTest: EngineUnderTest<DataTensor> = {
  backend: tensors,
  tensor: dataTensor,
  read: ({ data }) => Array.from(data as ArrayLike<number | bigint>, Number),
};
