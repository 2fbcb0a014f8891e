import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from './kernels/registry.js';
import { SUM } from './kernels/sumKernel.js';

// Beyond this length, tfjs's sums in float32 lose a digit or more: they add long runs in sequence.
const LONG = 8192;
const RUN = 512;

/** Sum over one axis or over all; without tfjs's loss of digits for the axes that lie last in memory. */
export function sum(x: tf.Tensor, axis?: number): tf.Tensor {
  const trailing = axis === undefined || axis === -1 || axis === x.rank - 1;
  const shape = axis === undefined ? [] : x.shape.slice(0, -1);
  const size = x.size / shape.reduce((a, b) => a * b, 1);
  const ours = hasKernel(SUM);
  // On cpu tfjs adds in float64.
  const loses = size > LONG && tf.getBackend() !== 'cpu';
  if (!trailing || x.dtype !== 'float32' || !(ours || loses)) return tf.sum(x, axis);
  return tf.customGrad((input) => ({
    value: ours ? runKernel(SUM, { x: input as tf.Tensor }, { shape }) : tf.reshape(inRuns(input as tf.Tensor, size), shape),
    gradFunc: (dy: tf.Tensor) => tf.broadcastTo(axis === undefined ? dy : tf.expandDims(dy, -1), x.shape),
  }))(x);
}

/** Sums of rows of the given size in two stages: of short runs, then of their sums. */
function inRuns(x: tf.Tensor, size: number): tf.Tensor {
  const rows = tf.pad(tf.reshape(x, [-1, size]), [
    [0, 0],
    [0, (RUN - (size % RUN)) % RUN],
  ]);
  return tf.sum(tf.sum(tf.reshape(rows, [rows.shape[0], -1, RUN]), -1), -1);
}
