import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows } from '../../../backend/types.js';
import { NO_LABEL } from '../../../internal/labels.js';
import { expm1 } from '../../ops/elementary/elementary.js';
import { max } from '../../ops/max.js';
import { sum } from '../../ops/sum.js';
import { isState, softmaxState } from '../tokenLogProbs/contract.js';
import { tokenLogProbsBackward, tokenLogProbsForward } from '../tokenLogProbs/tokenLogProbs.js';
import { chunkSizeOf, vocabularyOf, type Chunk } from './chunks.js';
import { column, pickFromRows } from './matrices.js';
import { timesSoftcapSlope } from './softcap.js';
import { exp, log } from '../../ops/elementary/elementary.js';

type T = tf.Tensor;

/** Close to the lowest float32. It replaces a largest logit of -Infinity, because -Infinity minus itself is NaN. */
const LOWEST = -3.4e38;

/** A label that is in no chunk and is not ignored. */
const IN_NO_CHUNK = -1;

/** The softmax over the logits of a chunk. */
export interface ChunkSoftmax {
  /**
   * A `softmaxState` over the chunk: its log-prob is normalized over the tokens of the chunk, at the clamped label. On tensorflow, its
   * largest logit may be any number close enough.
   */
  readonly state: T;
  /** Computes `e^(logit - largest)`, `[N, C]`. */
  readonly powers: () => T;
}

/** The softmax over the logits of a chunk. */
export function softmaxOf({ logits, clampedLabels }: Chunk): ChunkSoftmax {
  if (tokenLogProbsForward.isAvailable()) {
    const output = tokenLogProbsForward.run({ logits, labels: clampedLabels }, { ignoreIndex: NO_LABEL });
    if (isState(output)) return { state: output, powers: () => powersOf(logits, softmaxState.read(output, 'largest')) };
    const [, state, powers] = output;
    return { state, powers: () => powers };
  }
  const largest = tf.maximum(max(logits, -1), LOWEST);
  const powers = exp(tf.sub(logits, column(largest)));
  const total = sum(powers, -1);
  const logp = tf.sub(tf.sub(pickFromRows(logits, clampedLabels), largest), log(total));
  return { state: softmaxState.pack({ logp, largest, total }), powers: () => powers };
}

/** `e^(logit - largest)`, computed by the backward kernel: its gradient for `dy` = -1, total 1 and a label outside the chunk. */
function powersOf(logits: T, largest: T): T {
  const ones = tf.onesLike(largest);
  const labels = tf.fill(largest.shape, IN_NO_CHUNK, 'int32');
  const saved = softmaxState.pack({ logp: ones, largest, total: ones });
  return tokenLogProbsBackward.run({ logits, labels, saved, dy: tf.neg(ones) }, { ignoreIndex: NO_LABEL, partial: 1 });
}

/** Combines the largest logits and the sums of `e^(logit - largest)` of all chunks, each `[chunks, N]`. */
export function joinTotals(largest: T, total: T): { readonly largest: T; readonly total: T; readonly logShare: T } {
  const highest = max(largest, 0);
  const shift = tf.sub(largest, highest);
  const whole = tf.sum(tf.mul(total, exp(shift)), 0);
  return { largest: highest, total: whole, logShare: tf.add(shift, log(tf.div(total, whole))) };
}

/** Statistics combined over all chunks. */
export interface JoinedSoftmax {
  /** The `softmaxState` over the whole vocabulary. */
  readonly state: T;
  /** Log of the probability of each chunk, `[chunks, N]`. */
  readonly logShare: T;
  /** The chunk that holds each label, integers `[N]`. */
  readonly labelChunk: T;
}

/** Combines the softmax states of all chunks, each `[3, N]`. */
export function joinStates(states: readonly T[], rows: LinearRows<T>): JoinedSoftmax {
  const { logp, largest, total } = softmaxState.unpack(tf.stack([...states]));
  const { largest: highest, total: whole, logShare } = joinTotals(largest, total);
  // In a chunk whose probabilities are all 0, the label is impossible too.
  const inChunks = tf.where(tf.equal(total, 0), tf.fill(total.shape, -Infinity), tf.add(logp, logShare));
  const labelChunk = chunkOfLabel(rows);
  const state = softmaxState.pack({ logp: pickFromRows(tf.transpose(inChunks), labelChunk), largest: highest, total: whole });
  return { state, logShare, labelChunk };
}

function chunkOfLabel(rows: LinearRows<T>): T {
  const starts = tf.range(0, vocabularyOf(rows), chunkSizeOf(rows), 'int32');
  const begun = tf.cast(tf.greaterEqual(column(rows.labels), starts), 'int32');
  return tf.maximum(tf.sub(tf.sum(begun, -1), tf.scalar(1, 'int32')), tf.scalar(0, 'int32'));
}

/** Gradient with respect to the products of a chunk, `[N, C]`, from the softmax state over the whole vocabulary. */
export function chunkGradient({ products, logits, labels }: Chunk, { cap }: LinearRows<T>, state: T, dy: T): T {
  const gradient = tokenLogProbsBackward.isAvailable()
    ? tokenLogProbsBackward.run({ logits: backwardInput(logits, state), labels, saved: state, dy }, { ignoreIndex: NO_LABEL, partial: 1 })
    : plainGradient(logits, labels, state, dy);
  return timesSoftcapSlope(gradient, products, cap);
}

/** The input of the backward kernel: the logits, on tensorflow their powers. */
const backwardInput = (logits: T, state: T): T =>
  tf.getBackend() === 'tensorflow' ? exp(tf.sub(logits, column(softmaxState.read(state, 'largest')))) : logits;

function plainGradient(logits: T, labels: T, state: T, dy: T): T {
  const logp = softmaxState.read(state, 'logp');
  const largest = softmaxState.read(state, 'largest');
  const total = softmaxState.read(state, 'total');
  const [size, width] = logits.shape as [number, number];
  const others = tf.tidy(() => tf.mul(exp(tf.sub(logits, column(largest))), column(tf.neg(tf.div(dy, total)))));
  const isLabel = tf.equal(column(labels), tf.range(0, width, 1, 'int32'));
  const ofLabel = column(tf.neg(tf.mul(dy, expm1(logp))));
  return tf.where(isLabel, tf.broadcastTo(ofLabel, [size, width]), others);
}
