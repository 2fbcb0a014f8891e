import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows } from '../../../backend/types.js';
import { checkSize } from '../../kernels/webgpu/checkSize.js';
import { scope } from '../../ops/scope.js';
import { vocabularyAxis } from '../../../internal/weightLayout.js';
import { productsOf } from './matrices.js';
import type { Part } from './part.js';
import { readPart } from './readPart.js';
import { softcap } from './softcap.js';

type T = tf.Tensor;

/** A part of the vocabulary. */
export interface Chunk {
  /** Its tokens, as a part of the output embedding. */
  readonly part: Part;
  /** That part, `[C, D]` or `[D, C]` by the layout. */
  readonly weight: T;
  /** `hidden weight^T + bias`, `[N, C]`. */
  readonly products: T;
  /** The products after the softcap, if there is one, `[N, C]`. */
  readonly logits: T;
  /** The labels relative to `from`, integers `[N]`; outside `[0, C)` if the label is in another chunk. */
  readonly labels: T;
  /** These labels, clamped to the chunk. */
  readonly clampedLabels: T;
}

/**
 * Target number of elements in the larger of a chunk's logits `[N, C]` and embedding rows `[C, D]`: small next to the logits over a
 * large vocabulary, large enough for an efficient matrix product.
 */
const TARGET_SIZE = 2 ** 20;
/** Fewest tokens per chunk by default, even if the chunk then exceeds the target. */
const FEWEST_TOKENS = 256;

/** Size of the vocabulary. */
export const vocabularyOf = ({ weight, layout }: LinearRows<T>): number => weight.shape[vocabularyAxis(layout)]!;

/** Number of tokens per chunk, at most the vocabulary; the last chunk may be smaller. */
export function chunkSizeOf(rows: LinearRows<T>): number {
  const [size, width] = rows.hidden.shape as [number, number];
  const vocabulary = vocabularyOf(rows);
  if (rows.chunkSize !== undefined) return Math.min(rows.chunkSize, vocabulary);
  // The rows of the embedding do not count in a single chunk, which is not copied.
  if (size * vocabulary <= TARGET_SIZE) return vocabulary;
  return Math.min(vocabulary, Math.max(FEWEST_TOKENS, Math.round(TARGET_SIZE / Math.max(size, width))));
}

/** Number of chunks. */
export const chunkCountOf = (rows: LinearRows<T>): number => Math.ceil(vocabularyOf(rows) / chunkSizeOf(rows));

/**
 * Folds `f` over the chunks of the vocabulary: `f` takes the state after the chunks so far and the next chunk, and returns the next
 * state. All tensors of the old state and of `f` that the next state does not hold are disposed.
 *
 * @param products - The products of the only chunk, if they are known.
 */
export function foldChunks<State extends object>(
  rows: LinearRows<T>,
  start: State,
  f: (state: State, chunk: Chunk) => State,
  products?: T,
): State {
  const vocabulary = vocabularyOf(rows);
  const step = chunkSizeOf(rows);
  let state = start;
  for (let from = 0; from < vocabulary; from += step) {
    const before = state;
    state = scope(() => f(before, chunkOf(rows, from, Math.min(from + step, vocabulary), products)));
    const kept = tensorsIn(state);
    tf.dispose(tensorsIn(before).filter((x) => !kept.includes(x)));
  }
  return state;
}

const tensorsIn = (state: object): T[] => tf.tensor_util.getTensorsInContainer(state as tf.TensorContainer);

/** The chunk of the tokens from `from` to `to - 1`, from its products if they are `known`. */
export function chunkOf({ hidden, weight, layout, bias, labels, cap }: LinearRows<T>, from: number, to: number, known?: T): Chunk {
  const part = { axis: vocabularyAxis(layout), from, to };
  const ofPart = readPart(weight, part);
  const withBias = (plain: T): T => (bias ? tf.add(plain, tf.slice(bias, [from], [to - from])) : plain);
  const products = known ?? withBias(productsOf(hidden, ofPart, layout));
  const local = tf.sub(labels, tf.scalar(from, 'int32'));
  return {
    part,
    weight: ofPart,
    products,
    logits: softcap(products, cap),
    labels: local,
    clampedLabels: tf.maximum(tf.minimum(local, tf.scalar(to - from - 1, 'int32')), tf.scalar(0, 'int32')),
  };
}

/** Throws a RangeError if a tensor or a chunk is too large for the WebGPU device. */
export function checkDevice(fn: string, rows: LinearRows<T>): void {
  if (tf.getBackend() !== 'webgpu') return;
  const { hidden, weight, chunkSize } = rows;
  const chunk = [hidden.shape[0], chunkSizeOf(rows)];
  checkSize(tf.backend(), fn, 'hidden', hidden.shape, 'use fewer rows');
  checkSize(tf.backend(), fn, 'weight', weight.shape, 'use a smaller vocabulary, or the wasm backend');
  checkSize(tf.backend(), fn, 'a chunk', chunk, chunkSize === undefined ? 'use fewer rows' : 'use a smaller chunkSize');
}
