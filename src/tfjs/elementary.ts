import * as tf from '@tensorflow/tfjs-core';
import type { ElementaryKernel } from './kernels/elementaryKernels.js';
import { hasKernel, runKernel } from './kernels/registry.js';

type Unary = (x: tf.Tensor) => tf.Tensor;
type Derivative = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;

/** An operation with a derivative of our own, of its input and its result. */
const withDerivative =
  (value: Unary, derivative: Derivative): Unary =>
  (x) =>
    tf.customGrad((input, save) => {
      const y = value(input as tf.Tensor);
      (save as tf.GradSaveFunc)([x, y]);
      return { value: y, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, derivative(saved[0]!, saved[1]!)) };
    })(x);

/** The stock operation where it is accurate, else our kernel with the derivative given here. */
const accurate =
  (kernelName: ElementaryKernel, stock: Unary, derivative: Derivative): Unary =>
  (x) =>
    hasKernel(kernelName) ? withDerivative((v) => runKernel(kernelName, { x: v }), derivative)(x) : stock(x);

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
  return accurate('PreflossSoftplus', tf.softplus, (v) => sigmoidValue(v))(x);
}

/** `1 / (1 + e^-x)`, NaN for NaN. */
export function sigmoid(x: tf.Tensor): tf.Tensor {
  // y * (1 - y), the stock derivative, cancels where y is near 1.
  return withDerivative(sigmoidValue, (v, y) => tf.mul(y, sigmoidValue(tf.neg(v))))(x);
}

const sigmoidValue: Unary = (x) => (hasKernel('PreflossSigmoid') ? runKernel('PreflossSigmoid', { x }) : tf.sigmoid(x));
