import * as tf from '@tensorflow/tfjs';
import { hashed } from '../../tools/hashed.js';

/** A low-rank update of a weight, `scale a b`. */
export interface Adapter {
  readonly a: tf.Variable;
  readonly b: tf.Variable;
  readonly scale: number;
}

const WIDTH = 2 ** -5;

/** Makes adapters for weights `[in, out]`. They start with no effect, because `b` is 0. */
export function newAdapters(shapes: ReadonlyMap<string, readonly [number, number]>, rank: number, scale: number): Map<string, Adapter> {
  let seed = 0;
  return new Map(
    [...shapes].map(([name, [width, out]]): [string, Adapter] => {
      const a = tf.tidy(() => tf.variable(tf.tensor2d(hashed(width * rank, seed++, WIDTH), [width, rank])));
      const b = tf.tidy(() => tf.variable(tf.zeros([rank, out])));
      return [name, { a, b, scale }];
    }),
  );
}
