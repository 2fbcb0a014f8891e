import * as tf from '@tensorflow/tfjs-core';
import { kernel } from '../kernels/kernel.js';
import { onWasm } from '../kernels/wasm.js';
import { reduceNone } from './reduceNone.js';

interface Inputs {
  readonly x: tf.Tensor;
}

interface Attributes {
  /** Shape of `x` without the summed trailing axes. */
  readonly shape: readonly number[];
}

/** tfjs's own Sum on wasm adds sequentially in float32: over 28 million values it can be off by several percent. This one adds in float64. */
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

// Beyond this length, tfjs's float32 sums lose a digit or more, because they add long runs sequentially.
const LONG = 8192;
const RUN = 512;

/** Sum over one axis or over all. Long float sums over the last axis or over all axes avoid tfjs's loss of digits. */
export function sum(x: tf.Tensor, axis?: number): tf.Tensor {
  if (x.size === 0) return reduceNone(x, axis, 0);
  const isTrailing = axis === undefined || axis === -1 || axis === x.rank - 1;
  const shape = axis === undefined ? [] : x.shape.slice(0, -1);
  const size = x.size / shape.reduce((a, b) => a * b, 1);
  const hasKernel = sumKernel.isAvailable();
  // On cpu, tfjs adds in float64.
  const losesDigits = size > LONG && tf.getBackend() !== 'cpu';
  if (!isTrailing || x.dtype !== 'float32' || !(hasKernel || losesDigits)) return tf.sum(x, axis);
  return tf.customGrad((input) => ({
    value: hasKernel ? sumKernel.run({ x: input as tf.Tensor }, { shape }) : tf.reshape(inRuns(input as tf.Tensor, size), shape),
    gradFunc: (dy: tf.Tensor) => tf.broadcastTo(axis === undefined ? dy : tf.expandDims(dy, -1), x.shape),
  }))(x);
}

/** Sums of rows of the given size, in two stages: short runs first, then the sums of the runs. */
function inRuns(x: tf.Tensor, size: number): tf.Tensor {
  const rows = tf.pad(tf.reshape(x, [-1, size]), [
    [0, 0],
    [0, (RUN - (size % RUN)) % RUN],
  ]);
  return tf.sum(tf.sum(tf.reshape(rows, [rows.shape[0], -1, RUN]), -1), -1);
}
