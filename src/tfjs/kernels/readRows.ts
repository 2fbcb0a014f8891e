import { wasmKernel } from './wasm.js';

/** Rows of a matrix. Input `x [M, D]`, attributes `from` and `to`, output `[to - from, D]`. */
export const READ_ROWS = 'PreflossReadRows';

/** tfjs's own slice on WASM copies the whole of its input first: all of an embedding for each chunk of it. */
export const readRowsKernel = wasmKernel(READ_ROWS, (backend, { x }, { from, to }) => {
  const width = x!.shape[1]!;
  const output = backend.makeOutput([(to as number) - (from as number), width], 'float32');
  backend.typedArrayFromHeap(output).set(backend.typedArrayFromHeap(x!).subarray((from as number) * width, (to as number) * width));
  return output;
});
