import * as tf from '@tensorflow/tfjs-core';
import {
  expKernel,
  expm1Kernel,
  log1pKernel,
  logKernel,
  sigmoidKernel,
  sigmoidSlopeKernel,
  softplusKernel,
  type ElementaryKernel,
} from './kernels.js';

type Unary = (x: tf.Tensor) => tf.Tensor;

/** Runs our kernel, with the given derivative, if the backend has one; otherwise the stock operation, which is accurate on that backend. */
function accurate(kernel: ElementaryKernel, stock: Unary, derivative: Unary, x: tf.Tensor): tf.Tensor {
  if (!kernel.isAvailable()) return stock(x);
  const { kernelName } = kernel;
  // The gradient is registered like those of tfjs's own operations, because tf.customGrad takes several times as long on a short tensor.
  if (!tf.getGradient(kernelName)) {
    const gradFunc = (dy: tf.Tensor | tf.Tensor[], [saved]: tf.Tensor[]) => ({ x: () => tf.mul(dy as tf.Tensor, derivative(saved!)) });
    tf.registerGradient({ kernelName, inputsToSave: ['x'], gradFunc });
  }
  return kernel.run({ x }, {});
}

/** `e^x`; NaN for NaN. */
export const exp: Unary = (x) => accurate(expKernel, tf.exp, exp, x);

/** The natural logarithm of x; NaN for NaN. */
export const log: Unary = (x) => accurate(logKernel, tf.log, (v) => tf.div(1, v), x);

/** `e^x - 1`, accurate relative to its value. */
export const expm1: Unary = (x) => accurate(expm1Kernel, tf.expm1, exp, x);

/** `log(1 + x)`, accurate relative to its value. */
export const log1p: Unary = (x) => accurate(log1pKernel, tf.log1p, (v) => tf.div(1, tf.add(v, 1)), x);

/** `log(1 + e^x)`, accurate relative to its value. */
export const softplus: Unary = (x) => accurate(softplusKernel, tf.softplus, sigmoid, x);

/** `1 / (1 + e^-x)`; NaN for NaN. */
export const sigmoid: Unary = (x) => accurate(sigmoidKernel, tf.sigmoid, sigmoidSlope, x);

/** The derivative of the sigmoid. tfjs's own, `y * (1 - y)`, cancels where y is near 1. */
const sigmoidSlope: Unary = (x) => accurate(sigmoidSlopeKernel, timesOpposite, slopeOfSlope, x);
const timesOpposite: Unary = (x) => tf.mul(sigmoid(x), sigmoid(tf.neg(x)));
const slopeOfSlope: Unary = (x) => tf.mul(sigmoidSlope(x), tf.sub(sigmoid(tf.neg(x)), sigmoid(x)));
