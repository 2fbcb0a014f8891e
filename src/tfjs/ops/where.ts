import * as tf from '@tensorflow/tfjs-core';
import { untaped } from '../tape.js';
import { broadcastTo } from './broadcastTo.js';
import { condition } from './dtypes.js';

type T = tf.Tensor;

/**
 * `a` where the condition holds, `b` elsewhere, with broadcasting. `tf.where` ignores dtypes: on wasm it writes floats into the memory of
 * a bool tensor. It also cannot broadcast a bool condition there.
 */
export function where(c: T, a: T | number, b: T | number): T {
  let [x, y] = [asTensor(a), asTensor(b)];
  const asFloats = x.dtype !== y.dtype || x.dtype === 'bool';
  const shape = broadcastShape(broadcastShape(c.shape, x.shape), y.shape);
  if (shape.includes(0)) [x, y] = [broadcastTo(x, shape), broadcastTo(y, shape)];
  const isSmaller = tf.util.sizeFromShape(shape) !== c.size;
  const repeated = isSmaller ? untaped(() => broadcastTo(tf.cast(c, 'float32'), shape)) : c;
  return tf.where(
    repeated.dtype === 'bool' ? repeated : condition(repeated),
    asFloats ? tf.cast(x, 'float32') : x,
    asFloats ? tf.cast(y, 'float32') : y,
  );
}

const asTensor = (x: T | number): T => (typeof x === 'number' ? tf.scalar(x) : x);

const broadcastShape = (a: number[], b: number[]): number[] => tf.broadcast_util.assertAndGetBroadcastShape(a, b);
