import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows } from '../backend/types.js';
import { NO_LABEL } from '../internal/labels.js';
import { expm1, sigmoid } from './elementary.js';
import { hasKernel, runKernel } from './kernels/registry.js';
import { READ_ROWS } from './kernels/readRows.js';
import { BACKWARD, FORWARD } from './kernels/tokenLogProbsNames.js';
import { checkSize } from './kernels/webgpu.js';
import { max } from './max.js';
import { sum } from './sum.js';
import { isSynchronous } from './synchronous.js';

type T = tf.Tensor;

/** A part of the vocabulary. */
export interface Chunk {
  /** Its first token. */
  readonly from: number;
  /** Its rows of the output embedding, `[C, D]`. */
  readonly weight: T;
  /** `hidden weight^T + bias`, `[N, C]`. */
  readonly products: T;
  /** The same with the cap, if there is one. */
  readonly logits: T;
  /** The labels counted from its first token, integers `[N]`. */
  readonly labels: T;
  /** The same, of labels outside of it the nearest inside. */
  readonly places: T;
}

/** Numbers in a chunk, of logits or of the embedding: few beside those of any vocabulary, and enough for a matrix product. */
const CHUNK = 2 ** 20;
const FEWEST = 256;

/** Sums of rows, `[3, N]`: log-prob of the label, largest logit, sum of `e^(logit - largest)`. */
export type Sums = T;

/**
 * Goes through the vocabulary: from the tensors of the chunks so far and the next chunk, `f` makes those that go on. All others are
 * freed on the way.
 */
export function foldChunks<S extends Readonly<Record<string, readonly T[]>>>(
  rows: LinearRows<T>,
  start: S,
  f: (state: S, chunk: Chunk) => S,
): S {
  const vocabulary = rows.weight.shape[0];
  const step = chunkSizeOf(rows);
  let state = start;
  for (let from = 0; from < vocabulary; from += step) {
    const next = tf.tidy(
      () => f(state, chunkOf(rows, from, Math.min(from + step, vocabulary))) as unknown as tf.TensorContainerObject,
    ) as unknown as S;
    const goesOn = Object.values(next).flat();
    tf.dispose(
      Object.values(state)
        .flat()
        .filter((x) => !goesOn.includes(x)),
    );
    state = next;
  }
  return state;
}

/** Throws where a tensor or a chunk is too large for a WebGPU device. */
export function checkDevice(fn: string, rows: LinearRows<T>): void {
  if (tf.getBackend() !== 'webgpu') return;
  const { hidden, weight } = rows;
  const chunk = [hidden.shape[0], Math.min(chunkSizeOf(rows), weight.shape[0])];
  checkSize(tf.backend(), fn, 'hidden', hidden.shape, 'use fewer rows');
  checkSize(tf.backend(), fn, 'weight', weight.shape, 'use a smaller vocabulary, or the wasm backend');
  checkSize(tf.backend(), fn, 'a chunk', chunk, rows.chunkSize === undefined ? 'use fewer rows' : 'use a smaller chunkSize');
}

/** Tokens in a chunk. */
export const chunkSizeOf = ({ hidden, chunkSize }: LinearRows<T>): number =>
  chunkSize ?? Math.max(FEWEST, Math.round(CHUNK / Math.max(...hidden.shape)));

function chunkOf({ hidden, weight, bias, labels, cap }: LinearRows<T>, from: number, to: number): Chunk {
  const part = rowsOf(weight, from, to);
  const plain = timesTransposed(hidden, part);
  const products = bias ? tf.add(plain, tf.slice(bias, [from], [to - from])) : plain;
  const local = tf.sub(labels, tf.scalar(from, 'int32'));
  return {
    weight: part,
    products,
    logits: cap === undefined ? products : tf.mul(tanh(products), cap),
    labels: local,
    places: tf.maximum(tf.minimum(local, tf.scalar(to - from - 1, 'int32')), tf.scalar(0, 'int32')),
    from,
  };
}

const rowsOf = (x: T, from: number, to: number): T =>
  hasKernel(READ_ROWS) ? runKernel(READ_ROWS, { x }, { from, to }) : tf.slice(x, [from, 0], [to - from, x.shape[1]!]);

const onWasm = (): boolean => tf.getBackend() === 'wasm';

// With the flag of a transposition, a product takes ten times as long on wasm.
/** `a b^T` */
const timesTransposed = (a: T, b: T): T => (onWasm() ? tf.matMul(a, tf.transpose(b)) : tf.matMul(a, b, false, true));

/** `a^T b` */
export const transposedTimes = (a: T, b: T): T => (onWasm() ? tf.matMul(tf.transpose(a), b) : tf.matMul(a, b, true, false));

export const column = (x: T): T => tf.expandDims(x, -1);

/** One value of each row. */
export const at = (x: T, places: T): T => {
  const [size, width] = x.shape as [number, number];
  const starts = tf.mul(tf.range(0, size, 1, 'int32'), tf.scalar(width, 'int32'));
  return tf.gather(tf.reshape(x, [-1]), tf.add(starts, places));
};

/** Whether the kernels of `tokenLogProbs` work from its sums: on tensorflow they work from probabilities. */
const hasKernels = (): boolean => hasKernel(FORWARD) && tf.getBackend() !== 'tensorflow';

/** Sums of the rows of a chunk, whose log-prob is that among its own tokens, and `e^(logit - largest)`, `[N, C]`. */
export function sumsOf({ logits, places }: Chunk): { readonly sums: Sums; readonly powers: () => T } {
  if (hasKernels()) {
    const sums = runKernel(FORWARD, { logits, labels: places }, { ignoreIndex: NO_LABEL });
    return { sums, powers: () => powersOf(logits, sumAt(sums, 1)) };
  }
  // An infinity has no difference to itself, where all logits of a row are impossible.
  const largest = tf.maximum(max(logits, -1), -3.4e38);
  const powers = tf.exp(tf.sub(logits, column(largest)));
  const total = sum(powers, -1);
  const logps = tf.sub(tf.sub(at(logits, places), largest), tf.log(total));
  return { sums: tf.stack([logps, largest, total]), powers: () => powers };
}

/** By the kernel of gradients, of labels that are nowhere. */
function powersOf(logits: T, largest: T): T {
  const ones = tf.onesLike(largest);
  const labels = tf.fill(largest.shape, -1, 'int32');
  return runKernel(
    BACKWARD,
    { logits, labels, saved: tf.stack([ones, largest, ones]), dy: tf.neg(ones) },
    { ignoreIndex: NO_LABEL, partial: 1 },
  );
}

/** One of the sums of each row, `[N]`. */
export const sumAt = (sums: Sums, i: number): T => tf.reshape(tf.slice(sums, [i, 0], [1, sums.shape[1]!]), [-1]);

/** What the sums of all chunks say together. */
export interface Joined {
  /** Sums of whole rows. */
  readonly sums: Sums;
  /** Largest logit of each chunk, `[chunks, N]`. */
  readonly largest: T;
  /** Log of the probability of each chunk, `[chunks, N]`. */
  readonly share: T;
  /** Which chunk each label lies in, integers `[N]`. */
  readonly owner: T;
}

/** Puts the sums of the chunks together. */
export function joinSums(parts: readonly Sums[], rows: LinearRows<T>): Joined {
  const [logps, largest, total] = tf.unstack(tf.stack([...parts]), 1) as [T, T, T];
  const highest = max(largest, 0);
  const shift = tf.sub(largest, highest);
  const whole = tf.sum(tf.mul(total, tf.exp(shift)), 0);
  const share = tf.add(shift, tf.log(tf.div(total, whole)));
  // In a chunk without a possible token, the label is impossible too.
  const possible = tf.where(tf.equal(total, 0), tf.fill(total.shape, -Infinity), tf.add(logps, share));
  const owner = chunkOfLabel(rows);
  return { sums: tf.stack([at(tf.transpose(possible), owner), highest, whole]), largest, share, owner };
}

function chunkOfLabel(rows: LinearRows<T>): T {
  const [vocabulary, step] = [rows.weight.shape[0], chunkSizeOf(rows)];
  const starts = tf.range(0, vocabulary, step, 'int32');
  const begun = tf.cast(tf.greaterEqual(column(rows.labels), starts), 'int32');
  return tf.maximum(tf.sub(tf.sum(begun, -1), tf.scalar(1, 'int32')), tf.scalar(0, 'int32'));
}

/** Gradient by the products of a chunk from that by the log-probs, `[N, C]`. `sums`: those of whole rows. */
export function chunkGradient({ products, logits, labels }: Chunk, { cap }: LinearRows<T>, sums: Sums, dy: T): T {
  const gradient = hasKernels()
    ? runKernel(BACKWARD, { logits, labels, saved: sums, dy }, { ignoreIndex: NO_LABEL, partial: 1 })
    : plainGradient(logits, labels, sums, dy);
  return cap === undefined ? gradient : tf.mul(gradient, slope(products, cap));
}

function plainGradient(logits: T, labels: T, sums: Sums, dy: T): T {
  const [logp, largest, total] = [0, 1, 2].map((i) => sumAt(sums, i)) as [T, T, T];
  const others = tf.tidy(() => tf.mul(tf.exp(tf.sub(logits, column(largest))), column(tf.neg(tf.div(dy, total)))));
  const isLabel = tf.equal(column(labels), tf.range(0, logits.shape[1]!, 1, 'int32'));
  const ofLabel = column(tf.neg(tf.mul(dy, expm1(logp))));
  return tf.where(isLabel, tf.broadcastTo(ofLabel, logits.shape as [number, number]), others);
}

/** A GPU's own loses digits near 0, and may overflow. */
function tanh(x: T): T {
  if (isSynchronous()) return tf.tanh(x);
  const m = expm1(tf.mul(tf.minimum(x, 20), 2));
  return tf.div(m, tf.add(m, 2));
}

/** Slope of `cap tanh(x)`: `cap (1 - tanh(x)^2)` without its cancellation. */
export const slope = (x: T, cap: number): T => tf.mul(tf.mul(sigmoid(tf.mul(x, 2)), sigmoid(tf.mul(x, -2))), 4 * cap);
