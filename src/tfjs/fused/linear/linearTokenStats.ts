import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows, TokenStats } from '../../../backend/types.js';
import { tokenStatsDefinition } from '../../../definitions/tokenStats.js';
import { NO_LABEL } from '../../../internal/labels.js';
import { max } from '../../ops/max.js';
import { scope } from '../../ops/scope.js';
import { untaped } from '../../tape.js';
import { softmaxState } from '../tokenLogProbs/contract.js';
import { tokenStats } from '../tokenStats/tokenStats.js';
import { checkDevice, chunkSizeOf, foldChunks, vocabularyOf } from './chunks.js';
import { pickFromRows } from './matrices.js';
import { joinStates, softmaxOf } from './softmax.js';
import { exp, log } from '../../ops/elementary/elementary.js';

type T = tf.Tensor;

/** Statistics of the logits of a chunk, each `[N]`. */
type ChunkStats = Omit<TokenStats<T>, 'logps'> & { readonly largest: T };

/** `linearTokenStats` of `Backend`, combined from the statistics of chunks of the vocabulary on every tfjs backend. */
export function linearTokenStats(rows: LinearRows<T>): TokenStats<T> {
  checkDevice('linearTokenStats', rows);
  return scope(() => untaped(() => statsOf(rows)));
}

function statsOf(rows: LinearRows<T>): TokenStats<T> {
  const start = { states: [] as readonly T[], stats: [] as readonly ChunkStats[] };
  const { states, stats } = foldChunks(rows, start, (before, chunk) => {
    const { logits, clampedLabels } = chunk;
    const { entropy, correct, meanLogit, logSumSquares } =
      tokenStats(logits, clampedLabels, NO_LABEL) ?? tokenStatsDefinition(logits, clampedLabels, NO_LABEL);
    return {
      states: [...before.states, softmaxOf(chunk).state],
      stats: [...before.stats, { entropy, correct, meanLogit, logSumSquares, largest: max(logits, -1) }],
    };
  });
  const { state, logShare, labelChunk } = joinStates(states, rows);
  /** One statistic for all chunks, `[chunks, N]`. */
  const perChunk = (name: keyof ChunkStats): T => tf.stack(stats.map((ofChunk) => ofChunk[name]));

  const share = exp(logShare);
  const isPossible = tf.greater(share, 0);
  const overPossible = (x: T): T => tf.sum(tf.where(isPossible, x, tf.zerosLike(x)), 0);
  const entropy = overPossible(tf.mul(share, tf.sub(perChunk('entropy'), logShare)));
  const logSumSquares = log(overPossible(exp(tf.add(tf.mul(logShare, 2), perChunk('logSumSquares')))));

  // The first of the largest logits is in the first chunk whose largest logit is the largest of all.
  const largest = perChunk('largest');
  const isLargest = tf.equal(largest, max(largest, 0));
  const isBeforeLabel = tf.less(tf.expandDims(tf.range(0, states.length, 1, 'int32'), -1), labelChunk);
  const earlier = tf.sum(tf.cast(tf.logicalAnd(isLargest, isBeforeLabel), 'float32'), 0);
  const inLabelChunk = (x: T): T => pickFromRows(tf.transpose(x), labelChunk);
  const isFirst = tf.mul(inLabelChunk(tf.cast(isLargest, 'float32')), tf.cast(tf.equal(earlier, 0), 'float32'));
  const correct = tf.mul(inLabelChunk(perChunk('correct')), isFirst);

  const [vocabulary, step] = [vocabularyOf(rows), chunkSizeOf(rows)];
  const portions = states.map((_, k) => Math.min(step, vocabulary - k * step) / vocabulary);
  const meanLogit = tf.sum(tf.mul(perChunk('meanLogit'), tf.expandDims(tf.tensor1d(portions), -1)), 0);
  return { logps: softmaxState.read(state, 'logp'), entropy, correct, meanLogit, logSumSquares };
}
