import * as tf from '@tensorflow/tfjs-core';
import { untaped } from '../tape.js';

type T = tf.Tensor;

/** Casts bools to floats: tfjs computes with the bytes of a bool tensor, and on wasm reads past their end. */
export const numeric = <V extends T | number>(x: V): V => (typeof x !== 'number' && x.dtype === 'bool' ? (tf.cast(x, 'float32') as V) : x);

/** Casts integers and bools to floats. */
export const float = <V extends T | number>(x: V): V => (typeof x !== 'number' && x.dtype !== 'float32' ? (tf.cast(x, 'float32') as V) : x);

/** A bool tensor, true where a value is not 0. `tf.cast` to bool is no substitute: on wasm it keeps the bits of a float. */
export const condition = (x: T): T => untaped(() => tf.notEqual(x, 0));
