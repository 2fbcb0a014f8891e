import { getBackend, UnsortedSegmentSum, type TensorInfo } from '@tensorflow/tfjs-core';
import { registerMissing } from '../kernels/kernel.js';
import { onWasm } from '../kernels/wasm.js';

interface Inputs {
  /** `[N, ...]`. */
  readonly x: TensorInfo;
  /** The segment of each row `[N]`. Rows whose segment is outside [0, numSegments) add nothing, as on the other backends. */
  readonly segmentIds: TensorInfo;
}

interface Attributes {
  readonly numSegments: number;
}

/** The sum of the rows of each segment, `[numSegments, ...]`. */
const inWasm = onWasm<Inputs, Attributes>((backend, { x, segmentIds }, { numSegments }) => {
  const output = backend.makeOutput([numSegments, ...x.shape.slice(1)], x.dtype);
  const [rows, segments, sums] = [x, segmentIds, output].map((info) => backend.typedArrayFromHeap(info)) as [Float32Array, Int32Array, Float32Array]; // prettier-ignore
  const size = sums.length / numSegments;
  sums.fill(0);
  segments.forEach((segment, row) => {
    // A segment outside of the range is outside of `sums`, where a write has no effect.
    for (let i = 0; i < size; i++) sums[segment * size + i]! += rows[row * size + i]!;
  });
  return output;
});

/**
 * Registers UnsortedSegmentSum, which the gradient of `tf.gather`, and so of `tf.layers.embedding`, needs and tfjs 4.22 lacks on wasm.
 * Only while wasm is active, when tfjs has registered all its own kernels for it: a kernel of a later tfjs is kept.
 */
export function registerUnsortedSegmentSum(): void {
  if (getBackend() === 'wasm') registerMissing(UnsortedSegmentSum, 'wasm', inWasm);
}
