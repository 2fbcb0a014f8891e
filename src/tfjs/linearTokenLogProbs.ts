import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows } from '../backend/types.js';
import {
  checkDevice,
  chunkGradient,
  column,
  foldChunks,
  joinSums,
  slope,
  sumAt,
  sumsOf,
  transposedTimes,
  type Chunk,
  type Sums,
} from './chunks.js';
import { customGradient } from './customGradient.js';
import { hasKernel, runKernel } from './kernels/registry.js';
import { WRITE_ROWS } from './kernels/writeRows.js';
import { gatherRows } from './take.js';

type T = tf.Tensor;

/** `linearTokenLogProbs` of `Backend`: the vocabulary in chunks, on every tfjs backend. */
export function linearTokenLogProbs(rows: LinearRows<T>, frozenWeight: boolean): T {
  checkDevice('linearTokenLogProbs', rows);
  return frozenWeight ? withFrozenWeight(rows) : withAllGradients(rows);
}

/** Keeps nothing of the forward pass but three numbers a row: the backward pass computes the logits again. */
function withAllGradients(rows: LinearRows<T>): T {
  const given = ([hidden, weight, bias]: readonly T[], labels: T): LinearRows<T> => ({
    ...rows,
    hidden: hidden!,
    weight: weight!,
    bias,
    labels,
  });
  const { labels, hidden, weight, bias } = rows;
  return customGradient(
    [hidden, weight, ...(bias ? [bias] : [])],
    (xs) => {
      const { parts } = foldChunks(given(xs, labels), { parts: [] as T[] }, (state, chunk) => ({
        parts: [...state.parts, sumsOf(chunk).sums],
      }));
      const { sums } = joinSums(parts, rows);
      return { value: sumAt(sums, 0), saved: [sums, labels, ...xs] };
    },
    (dy, [sums, saved, ...xs]) => gradients(given(xs, saved!), sums!, dy),
  );
}

function gradients(rows: LinearRows<T>, sums: Sums, dy: T): T[] {
  const { hidden, weight, bias } = rows;
  const start = { byHidden: [tf.zerosLike(hidden)], byWeight: noRows(weight.shape), byBias: [] as T[] };
  const { byHidden, byWeight, byBias } = foldChunks(rows, start, (state, chunk) => {
    const gradient = chunkGradient(chunk, rows, sums, dy);
    return {
      byHidden: [tf.add(state.byHidden[0]!, tf.matMul(gradient, chunk.weight))],
      byWeight: withRows(state.byWeight, transposedTimes(gradient, hidden), chunk.from),
      byBias: bias ? [...state.byBias, tf.sum(gradient, 0)] : [],
    };
  });
  return [byHidden[0]!, joined(byWeight), ...(bias ? [joined(byBias)] : [])];
}

/** Of a single tensor, tfjs makes a copy on wasm. */
const joined = (pieces: readonly T[]): T => (pieces.length === 1 ? pieces[0]! : tf.concat([...pieces]));

/** A matrix that is written in pieces: in its own memory where that can be, else as a list of them. */
const noRows = (shape: number[]): T[] => (hasKernel(WRITE_ROWS) ? [tf.fill(shape, 0)] : []);

const withRows = (pieces: readonly T[], source: T, from: number): T[] =>
  hasKernel(WRITE_ROWS) ? [runKernel(WRITE_ROWS, { target: pieces[0]!, source }, { from })] : [...pieces, source];

/**
 * Keeps the gradient by the hidden states, which is made beside the sums: of a row with label y, `weight[y] - sum of p_v weight[v]`.
 * That sum is added up relative to the largest logit so far, and scaled down when that grows.
 */
function withFrozenWeight(rows: LinearRows<T>): T {
  return customGradient(
    [rows.hidden],
    ([hidden], isTaped) => {
      const given = { ...rows, hidden: hidden! };
      const start = { parts: [] as T[], largest: [] as T[], mixture: [] as T[] };
      const { parts, mixture } = foldChunks(given, start, (state, chunk) => {
        const { sums, powers } = sumsOf(chunk);
        const next = { ...state, parts: [...state.parts, sums] };
        return isTaped ? { ...next, ...mixed(state, chunk, sumAt(sums, 1), powers(), rows.cap) } : next;
      });
      const { sums } = joinSums(parts, rows);
      const saved = isTaped ? [tf.sub(slopeOfLabel(given), tf.div(mixture[0]!, column(sumAt(sums, 2))))] : [];
      return { value: sumAt(sums, 0), saved };
    },
    (dy, [gradient]) => [tf.mul(gradient!, column(dy))],
  );
}

/** The sum of `e^(logit - largest) weight` over what has been gone through, and a chunk more. */
function mixed(
  { largest: [before], mixture: [mixture] }: { readonly largest: readonly T[]; readonly mixture: readonly T[] },
  { weight, products }: Chunk,
  largest: T,
  powers: T,
  cap: number | undefined,
): { readonly largest: T[]; readonly mixture: T[] } {
  const added = tf.matMul(cap === undefined ? powers : tf.mul(powers, slope(products, cap)), weight);
  if (!before) return { largest: [largest], mixture: [added] };
  const now = tf.maximum(before, largest);
  const scaled = (x: T, from: T): T => tf.mul(x, column(tf.exp(tf.sub(from, now))));
  return { largest: [now], mixture: [tf.add(scaled(mixture!, before), scaled(added, largest))] };
}

/** Derivative of each label's logit by the hidden state, `[N, D]`. */
function slopeOfLabel({ hidden, weight, bias, labels, cap }: LinearRows<T>): T {
  const ofLabel = gatherRows(weight, labels);
  if (cap === undefined) return ofLabel;
  const product = tf.sum(tf.mul(hidden, ofLabel), -1);
  return tf.mul(ofLabel, column(slope(bias ? tf.add(product, gatherRows(bias, labels)) : product, cap)));
}
