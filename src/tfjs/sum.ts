import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernels/registry.js';
import { SUM } from './kernels/sumKernel.js';

/** Sum over one axis or over all; with our kernel where tfjs's loses digits, for the axes that lie last in memory. */
export function sum(x: tf.Tensor, axis?: number): tf.Tensor {
  const trailing = axis === undefined || axis === -1 || axis === x.rank - 1;
  if (!trailing || x.dtype !== 'float32' || !hasKernel(SUM)) return tf.sum(x, axis);
  const shape = axis === undefined ? [] : x.shape.slice(0, -1);
  return tf.customGrad((input) => ({
    value: runKernel(SUM, { x: input as tf.Tensor }, { shape }),
    gradFunc: (dy: tf.Tensor) => tf.broadcastTo(axis === undefined ? dy : tf.expandDims(dy, -1), x.shape as never),
  }))(x);
}
