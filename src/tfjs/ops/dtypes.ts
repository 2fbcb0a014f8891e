import * as tf from '@tensorflow/tfjs-core';
import { untaped } from '../tape.js';

type T = tf.Tensor;

/** Conditions as numbers: tfjs calculates with their bytes, and on wasm reads beyond them. */
export const numeric = <V extends T | number>(x: V): V => (typeof x !== 'number' && x.dtype === 'bool' ? (tf.cast(x, 'float32') as V) : x);

/** Integers and conditions as floats. */
export const float = <V extends T | number>(x: V): V => (typeof x !== 'number' && x.dtype !== 'float32' ? (tf.cast(x, 'float32') as V) : x);

/** Whether each value is not 0. A cast of floats to bool on wasm keeps their bits. */
export const condition = (x: T): T => untaped(() => tf.notEqual(x, 0));
