import { util, type KernelConfig } from '@tensorflow/tfjs-core';
import { wasmKernel } from './wasm.js';

/** Name of the kernel: input `x`, attribute `shape`, that of `x` without the trailing axes that are summed. */
export const SUM = 'PreflossSum';

/** tfjs's own Sum on WASM adds in sequence in float32: 2e-4 off over 28 million values. This one adds in float64. */
export const sumKernel: KernelConfig = wasmKernel(SUM, (backend, { x }, attrs) => {
  const output = backend.makeOutput(attrs.shape as readonly number[], 'float32');
  const [from, to] = [backend.typedArrayFromHeap(x!), backend.typedArrayFromHeap(output)];
  const size = util.sizeFromShape(x!.shape) / to.length;
  for (let row = 0; row < to.length; row++) {
    let total = 0;
    for (let i = row * size; i < (row + 1) * size; i++) total += from[i]!;
    to[row] = total;
  }
  return output;
});
