import * as tf from '@tensorflow/tfjs-core';
import { withoutSlope } from './withoutSlope.js';

/** A reduction over one axis, or over all, of a tensor without values; tfjs's own fail on webgpu. The gradient is as empty as the input. */
export function reduceNone(x: tf.Tensor, axis: number | undefined, value: number): tf.Tensor {
  const at = axis !== undefined && axis < 0 ? axis + x.rank : axis;
  const shape = at === undefined ? [] : x.shape.filter((_, i) => i !== at);
  return withoutSlope(x, () => tf.fill(shape, value, x.dtype));
}
