import type { Nested } from '../types.js';
import { cast, elementwise } from './elementwise.js';
import { broadcastTo, concat, reshape, slice, take } from './layout.js';
import { tensorOfList } from './lists.js';
import type { InMemory } from './onValues.js';
import { cumsum, max, sort, sum } from './reductions.js';
import { checkTensorData, dtypeOf, float64Of, isDataTensor, tensorFrom, type DataTensor } from './tensor.js';

/** The tensor itself, or that of plain values beside it. */
export const asTensor = (x: DataTensor | Nested): DataTensor => (isDataTensor(x) ? x : tensorOfList(x));

/**
 * The engine of tensors `{ data, dims }`, in memory and in float64: those of ONNX Runtime, of transformers.js, and of `tensorOf`.
 * Results are of class `ArrayTensor`.
 */
export const tensors: InMemory<DataTensor> = {
  name: '{ data, dims }',
  owns: isDataTensor,
  shape(x) {
    checkTensorData(x);
    return x.dims;
  },
  dtype: dtypeOf,

  peek: float64Of,
  isReadable: () => true,
  read: (xs) => Promise.resolve(xs.map(float64Of)),
  scope: (f) => f(),

  constant(values, dtype) {
    const { data, dims } = tensorOfList(values as Nested);
    return tensorFrom(data, dims, dtype);
  },
  arange: (n) =>
    tensorFrom(
      Float64Array.from({ length: n }, (_, i) => i),
      [n],
      'int',
    ),
  cast,
  ...elementwise,
  ...{ sum, max, cumsum, sort },
  ...{ take, slice, concat, reshape, broadcastTo },
  detached: (run) => run(),
  stopGradient: (x) => cast(x, dtypeOf(x)),
  onValues: (inputs, kernel) => kernel(inputs.map(asTensor)).values,
};
