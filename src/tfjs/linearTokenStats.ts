import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows } from '../backend/types.js';
import { at, checkDevice, chunkSizeOf, foldChunks, joinSums, sumAt, sumsOf } from './chunks.js';

type T = tf.Tensor;

/** `linearTokenStats` of `Backend`: from the statistics of chunks of the vocabulary, on every tfjs backend. */
export function linearTokenStats(rows: LinearRows<T>, statsOf: (logits: T, labels: T) => T): T {
  checkDevice('linearTokenStats', rows);
  const start = { parts: [] as T[], stats: [] as T[] };
  const { parts, stats } = foldChunks(rows, start, (state, chunk) => ({
    parts: [...state.parts, sumsOf(chunk).sums],
    stats: [...state.stats, statsOf(chunk.logits, chunk.places)],
  }));
  const { sums, largest, share, owner } = joinSums(parts, rows);
  const [, entropies, corrects, means, squares] = tf.unstack(tf.stack(stats), 1) as [T, T, T, T, T]; // each [chunks, N]

  const probability = tf.exp(share);
  const isPossible = tf.greater(probability, 0);
  const overPossible = (x: T): T => tf.sum(tf.where(isPossible, x, tf.zerosLike(x)), 0);
  const entropy = overPossible(tf.mul(probability, tf.sub(entropies, share)));
  const logSumSquares = tf.log(overPossible(tf.exp(tf.add(tf.mul(share, 2), squares))));

  // The first of the largest logits lies in the first chunk that reaches the highest.
  const isHighest = tf.equal(largest, sumAt(sums, 1));
  const isBeforeOwner = tf.less(tf.expandDims(tf.range(0, parts.length, 1, 'int32'), -1), owner);
  const earlier = tf.sum(tf.cast(tf.logicalAnd(isHighest, isBeforeOwner), 'float32'), 0);
  const inOwner = (x: T): T => at(tf.transpose(x), owner);
  const isFirst = tf.mul(inOwner(tf.cast(isHighest, 'float32')), tf.cast(tf.equal(earlier, 0), 'float32'));

  const [vocabulary, step] = [rows.weight.shape[0], chunkSizeOf(rows)];
  const portions = parts.map((_, k) => Math.min(step, vocabulary - k * step) / vocabulary);
  const meanLogit = tf.sum(tf.mul(means, tf.expandDims(tf.tensor1d(portions), -1)), 0);
  return tf.stack([sumAt(sums, 0), entropy, tf.mul(inOwner(corrects), isFirst), meanLogit, logSumSquares]);
}
