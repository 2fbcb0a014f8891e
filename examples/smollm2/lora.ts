import * as tf from '@tensorflow/tfjs';

/** A low-rank change of a weight, `scale a b`. */
export interface Adapter {
  readonly a: tf.Variable;
  readonly b: tf.Variable;
  readonly scale: number;
}

/**
 * Numbers that look random, uniform in [-width, width), by a formula, so that `reference.py` makes the same ones: the index
 * through the last steps of MurmurHash3.
 */
export function hashed(size: number, seed: number, width: number): Float32Array {
  const offset = Math.imul(seed, 0x9e3779b1);
  return Float32Array.from({ length: size }, (_, i) => {
    let h = i + offset;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    return width * ((h >>> 8) / 2 ** 23 - 1);
  });
}

const WIDTH = 2 ** -5;

/** Adapters for weights `[in, out]`; they change nothing before they are trained, since `b` is 0. */
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
