import { slice, type Tensor } from '@tensorflow/tfjs-core';
import { kernel } from '../../kernels/kernel.js';
import { onWasm } from '../../kernels/wasm.js';
import { forRuns, shapeOfPart, type Part } from './part.js';

interface Inputs {
  /** A matrix. */
  readonly x: Tensor;
}

/** tfjs's own slice on wasm first copies its whole input: the whole embedding, once per chunk. */
const readPartKernel = kernel<Inputs, Part>('PreflossReadPart', {
  wasm: onWasm((backend, { x }, part) => {
    const shape = x.shape as [number, number];
    const output = backend.makeOutput(shapeOfPart(shape, part), 'float32');
    const [whole, values] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(output)];
    forRuns(shape, part, (start, end, at) => {
      values.set(whole.subarray(start, end), at);
    });
    return output;
  }),
});

/** A part of a float matrix; the matrix itself if it is all of it. */
export function readPart(x: Tensor, part: Part): Tensor {
  if (part.from === 0 && part.to === x.shape[part.axis]) return x;
  if (readPartKernel.isAvailable()) return readPartKernel.run({ x }, part);
  return slice(x, part.axis === 0 ? [part.from, 0] : [0, part.from], shapeOfPart(x.shape as [number, number], part));
}
