import { slice as sliceAll, type Tensor } from '@tensorflow/tfjs-core';

/** `x[start:stop]` along one axis; a negative axis counts from the end. */
export function slice(x: Tensor, start: number, stop: number, axis: number): Tensor {
  const at = axis < 0 ? axis + x.rank : axis;
  const begin = x.shape.map((_, i) => (i === at ? start : 0));
  const size = x.shape.map((whole, i) => (i === at ? stop - start : whole));
  return sliceAll(x, begin, size);
}
