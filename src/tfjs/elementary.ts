import * as tf from '@tensorflow/tfjs-core';
import type { ElementaryKernel } from './kernels/elementaryKernels.js';
import { hasKernel, runKernel } from './kernels/registry.js';

type Unary = (x: tf.Tensor) => tf.Tensor;

/** Our kernel with its derivative where there is one, else the stock operation, which is accurate there. */
function accurate(kernelName: ElementaryKernel, stock: Unary, derivative: Unary, x: tf.Tensor): tf.Tensor {
  if (!hasKernel(kernelName)) return stock(x);
  // As tfjs's own operations have it: a custom gradient costs several times as much on a short tensor.
  if (!tf.getGradient(kernelName)) {
    const gradFunc = (dy: tf.Tensor | tf.Tensor[], [saved]: tf.Tensor[]) => ({ x: () => tf.mul(dy as tf.Tensor, derivative(saved!)) });
    tf.registerGradient({ kernelName, inputsToSave: ['x'], gradFunc });
  }
  return runKernel(kernelName, { x });
}

/** `e^x - 1`, accurate relative to its value. */
export const expm1: Unary = (x) => accurate('PreflossExpm1', tf.expm1, tf.exp, x);

/** `log(1 + x)`, accurate relative to its value. */
export const log1p: Unary = (x) => accurate('PreflossLog1p', tf.log1p, (v) => tf.div(1, tf.add(v, 1)), x);

/** `log(1 + e^x)`, accurate relative to its value. */
export const softplus: Unary = (x) => accurate('PreflossSoftplus', tf.softplus, sigmoid, x);

/** `1 / (1 + e^-x)`, NaN for NaN. */
export const sigmoid: Unary = (x) => accurate('PreflossSigmoid', tf.sigmoid, sigmoidSlope, x);

/** The derivative of the sigmoid. `y * (1 - y)`, the stock one, cancels where y is near 1. */
const sigmoidSlope: Unary = (x) => accurate('PreflossSigmoidSlope', timesOpposite, slopeOfSlope, x);
const timesOpposite: Unary = (x) => tf.mul(sigmoid(x), sigmoid(tf.neg(x)));
const slopeOfSlope: Unary = (x) => tf.mul(sigmoidSlope(x), tf.sub(sigmoid(tf.neg(x)), sigmoid(x)));
