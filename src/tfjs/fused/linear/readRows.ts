import { slice, type Tensor } from '@tensorflow/tfjs-core';
import { kernel } from '../../kernels/kernel.js';
import { onWasm } from '../../kernels/wasm.js';

interface Inputs {
  /** `[M, D]` */
  readonly x: Tensor;
}

interface Attributes {
  /** The first row. */
  readonly from: number;
  /** The row after the last. */
  readonly to: number;
}

/** tfjs's own slice on wasm first copies its whole input: the whole embedding, once per chunk. */
const readRowsKernel = kernel<Inputs, Attributes>('PreflossReadRows', {
  wasm: onWasm((backend, { x }, { from, to }) => {
    const [, width] = x.shape as [number, number];
    const output = backend.makeOutput([to - from, width], 'float32');
    backend.typedArrayFromHeap(output).set(backend.typedArrayFromHeap(x).subarray(from * width, to * width));
    return output;
  }),
});

/** Rows `from` to `to - 1` of a float matrix `[M, D]`: `[to - from, D]`. */
export function readRows(x: Tensor, from: number, to: number): Tensor {
  const [, width] = x.shape as [number, number];
  return readRowsKernel.isAvailable() ? readRowsKernel.run({ x }, { from, to }) : slice(x, [from, 0], [to - from, width]);
}
