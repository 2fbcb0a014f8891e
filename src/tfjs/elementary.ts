import * as tf from '@tensorflow/tfjs-core';
import type { ElementaryKernel } from './kernels/elementaryKernels.js';
import { hasKernel, runKernel } from './kernels/registry.js';

type Unary = (x: tf.Tensor) => tf.Tensor;

/** The stock operation where it is accurate, else our kernel with the derivative given here. */
const accurate = (kernelName: ElementaryKernel, stock: Unary, derivative: Unary): Unary => (x) => {
  if (!hasKernel(kernelName)) return stock(x);
  return tf.customGrad((input, save) => {
    (save as tf.GradSaveFunc)([x]);
    return {
      value: runKernel(kernelName, { x: input as tf.Tensor }),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => tf.mul(dy, derivative(saved!)),
    };
  })(x);
};

/** `e^x - 1`, accurate relative to its value. */
export function expm1(x: tf.Tensor): tf.Tensor {
  return accurate('PreflossExpm1', tf.expm1, tf.exp)(x);
}

/** `log(1 + x)`, accurate relative to its value. */
export function log1p(x: tf.Tensor): tf.Tensor {
  return accurate('PreflossLog1p', tf.log1p, (v) => tf.div(1, tf.add(v, 1)))(x);
}

/** `log(1 + e^x)`, accurate relative to its value. */
export function softplus(x: tf.Tensor): tf.Tensor {
  return accurate('PreflossSoftplus', tf.softplus, tf.sigmoid)(x);
}
