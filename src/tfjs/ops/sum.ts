import * as tf from '@tensorflow/tfjs-core';
import { kernel } from '../kernels/kernel.js';
import { onWasm } from '../kernels/wasm.js';

interface Inputs {
  readonly x: tf.Tensor;
}

interface Attributes {
  /** Shape of `x` without the trailing axes that are summed. */
  readonly shape: readonly number[];
}

/** tfjs's own Sum on WASM adds in sequence in float32: 2e-4 off over 28 million values. This one adds in float64. */
const sumKernel = kernel<Inputs, Attributes>('PreflossSum', {
  wasm: onWasm((backend, { x }, { shape }) => {
    const output = backend.makeOutput(shape, 'float32');
    const [from, to] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(output)];
    const size = tf.util.sizeFromShape(x.shape) / to.length;
    for (let row = 0; row < to.length; row++) {
      let total = 0;
      for (let i = row * size; i < (row + 1) * size; i++) total += from[i]!;
      to[row] = total;
    }
    return output;
  }),
});

// Beyond this length, tfjs's sums in float32 lose a digit or more: they add long runs in sequence.
const LONG = 8192;
const RUN = 512;

/** Sum over one axis or over all; without tfjs's loss of digits for the axes that lie last in memory. */
export function sum(x: tf.Tensor, axis?: number): tf.Tensor {
  const isTrailing = axis === undefined || axis === -1 || axis === x.rank - 1;
  const shape = axis === undefined ? [] : x.shape.slice(0, -1);
  const size = x.size / shape.reduce((a, b) => a * b, 1);
  const hasKernel = sumKernel.isAvailable();
  // On cpu tfjs adds in float64.
  const losesDigits = size > LONG && tf.getBackend() !== 'cpu';
  if (!isTrailing || x.dtype !== 'float32' || !(hasKernel || losesDigits)) return tf.sum(x, axis);
  return tf.customGrad((input) => ({
    value: hasKernel ? sumKernel.run({ x: input as tf.Tensor }, { shape }) : tf.reshape(inRuns(input as tf.Tensor, size), shape),
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
