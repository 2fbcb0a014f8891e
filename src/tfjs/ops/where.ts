import * as tf from '@tensorflow/tfjs-core';
import { kernel } from '../kernels/kernel.js';
import { onTensorflow } from '../kernels/tensorflow.js';
import { customGradient, untaped } from '../tape.js';
import { broadcastTo } from './broadcastTo.js';
import { condition, float } from './dtypes.js';

type T = tf.Tensor;

/**
 * `a` where the condition holds, `b` elsewhere, with broadcasting. `tf.where` ignores dtypes: on wasm it writes floats into the memory of
 * a bool tensor. It also cannot broadcast a bool condition there.
 */
export const where = (c: T, a: T | number, b: T | number): T => tf.tidy(() => selection(c, a, b));

function selection(c: T, a: T | number, b: T | number): T {
  const shape = [c, a, b].map(shapeOf).reduce(broadcastShape);
  const repeated = untaped(() => shaped(c, shape));
  const holds = repeated.dtype === 'bool' ? repeated : condition(repeated);
  if (typeof b === 'number' && isShaped(a, shape)) return selected(holds, float(a), b, true);
  if (typeof a === 'number' && isShaped(b, shape)) return selected(holds, float(b), a, false);
  // tf.where takes an axis of size 0 for one of size 1.
  const own = (v: T | number): T => (shape.includes(0) ? broadcastTo(asTensor(v), shape) : asTensor(v));
  const [x, y] = [own(a), own(b)];
  return x.dtype !== y.dtype || x.dtype === 'bool' ? tf.where(holds, float(x), float(y)) : tf.where(holds, x, y);
}

/** A condition in the shape of the result. As many values in fewer axes would be taken for a condition per row by the kernels of a GPU. */
function shaped(c: T, shape: number[]): T {
  if (tf.util.arraysEqual(c.shape, shape)) return c;
  return tf.util.sizeFromShape(shape) === c.size ? tf.reshape(c, shape) : broadcastTo(tf.cast(c, 'float32'), shape);
}

const shapeOf = (x: T | number): number[] => (typeof x === 'number' ? [] : x.shape);
const asTensor = (x: T | number): T => (typeof x === 'number' ? tf.scalar(x) : x);
const isShaped = (x: T | number, shape: number[]): x is T => typeof x !== 'number' && tf.util.arraysEqual(x.shape, shape);
const broadcastShape = (a: number[], b: number[]): number[] => tf.broadcast_util.assertAndGetBroadcastShape(a, b);

/**
 * `x` where the condition equals `selects`, a number elsewhere; the gradient is selected in the same way. `tf.where` would first repeat
 * the number in two operations, on wasm copy all its arguments, and multiply the gradient by the condition.
 */
function selected(holds: T, x: T, number: number, selects: boolean): T {
  return customGradient(
    { x },
    ({ x: input }) => ({ value: select(holds, input, number, selects), saved: { holds } }),
    (dy, saved) => ({ x: selected(saved.holds, dy, 0, selects) }),
  );
}

function select(holds: T, x: T, number: number, selects: boolean): T {
  const isScalar = selectKernel.isAvailable();
  const other = isScalar ? tf.scalar(number) : tf.fill(x.shape, number);
  const [t, e] = selects ? [x, other] : [other, x];
  return isScalar ? selectKernel.run({ condition: holds, t, e }, {}) : tf.engine().runKernel(tf.Select, { condition: holds, t, e });
}

interface Inputs {
  /** Bools. */
  readonly condition: T;
  /** Where the condition holds. */
  readonly t: T;
  /** Elsewhere. */
  readonly e: T;
}

/** TensorFlow's own selection with broadcasting, which tfjs does not use. */
const selectKernel = kernel<Inputs>('PreflossSelect', {
  tensorflow: onTensorflow((backend, { condition: holds, t, e }) => {
    const { TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
    return backend.executeSingleOutput('SelectV2', [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }], [holds, t, e]);
  }),
});
