import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows, TokenStats } from '../backend/types.js';
import { tokenStatsDefinition } from '../definitions/tokenStats.js';
import { NO_LABEL } from '../internal/labels.js';
import { at, checkDevice, chunkSizeOf, foldChunks, joinSums, sumAt, sumsOf } from './chunks.js';
import { tokenStats } from './tokenStats.js';
import { untaped } from './training/noGrad.js';

type T = tf.Tensor;

/** `linearTokenStats` of `Backend`: from the statistics of chunks of the vocabulary, on every tfjs backend. */
export function linearTokenStats(rows: LinearRows<T>): TokenStats<T> {
  checkDevice('linearTokenStats', rows);
  return tf.tidy(() => untaped(() => ofChunks(rows)) as unknown as tf.TensorContainerObject) as unknown as TokenStats<T>;
}

function ofChunks(rows: LinearRows<T>): TokenStats<T> {
  const start = { parts: [] as T[], entropy: [] as T[], correct: [] as T[], meanLogit: [] as T[], logSumSquares: [] as T[] };
  const state = foldChunks(rows, start, (before, chunk) => {
    const { logits, places } = chunk;
    const stats = tokenStats(logits, places, NO_LABEL) ?? tokenStatsDefinition(logits, places, NO_LABEL);
    return {
      parts: [...before.parts, sumsOf(chunk).sums],
      entropy: [...before.entropy, stats.entropy],
      correct: [...before.correct, stats.correct],
      meanLogit: [...before.meanLogit, stats.meanLogit],
      logSumSquares: [...before.logSumSquares, stats.logSumSquares],
    };
  });
  const { parts } = state;
  const { sums, largest, share, owner } = joinSums(parts, rows);
  const [entropies, corrects, means, squares] = [state.entropy, state.correct, state.meanLogit, state.logSumSquares].map((xs) =>
    tf.stack(xs),
  ) as [T, T, T, T]; // each [chunks, N]

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
  return { logps: sumAt(sums, 0), entropy, correct: tf.mul(inOwner(corrects), isFirst), meanLogit, logSumSquares };
}
