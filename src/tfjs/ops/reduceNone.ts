import * as tf from '@tensorflow/tfjs-core';

/** A reduction over one axis, or over all, of a tensor without values; tfjs's own fail on webgpu. The gradient is as empty as the input. */
export function reduceNone(x: tf.Tensor, axis: number | undefined, value: number): tf.Tensor {
  const at = axis !== undefined && axis < 0 ? axis + x.rank : axis;
  const shape = at === undefined ? [] : x.shape.filter((_, i) => i !== at);
  const constant = () => tf.fill(shape, value, x.dtype);
  return x.dtype === 'float32' ? tf.customGrad(() => ({ value: constant(), gradFunc: () => tf.zeros(x.shape) }))(x) : constant();
}
