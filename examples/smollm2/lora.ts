import * as tf from '@tensorflow/tfjs';
import { frozenCopy } from 'prefloss';

/** A low-rank update of a weight, `scale a b`. */
export interface Adapter {
  readonly a: tf.Variable;
  readonly b: tf.Variable;
  readonly scale: number;
}

/** Makes adapters for weights `[in, out]`. They start with no effect, because `b` is 0. */
export function newAdapters(shapes: ReadonlyMap<string, readonly [number, number]>, rank: number, scale: number): Map<string, Adapter> {
  const adapters = [...shapes].map(([name, [width, out]], i): [string, Adapter] => {
    // Plus 1, because tfjs treats seed 0 as no seed.
    const a = tf.tidy(() => tf.variable(tf.randomUniform([width, rank], -1 / 32, 1 / 32, 'float32', i + 1)));
    const b = tf.tidy(() => tf.variable(tf.zeros([rank, out])));
    return [name, { a, b, scale }];
  });
  return new Map(adapters);
}

/** Copies adapters, so that an SFT adapter which DPO trains further stays available as the reference. */
export function frozenAdapters(adapters: ReadonlyMap<string, Adapter>): Map<string, Adapter> {
  return new Map([...adapters].map(([name, { a, b, scale }]) => [name, { ...frozenCopy({ a, b }), scale }]));
}
