import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows } from '../../../backend/types.js';
import { gatherRows } from '../../ops/take.js';
import { customGradient } from '../../tape.js';
import { softmaxState } from '../tokenLogProbs/contract.js';
import { foldChunks, type Chunk } from './chunks.js';
import { column, mixtureOf } from './matrices.js';
import { timesSoftcapSlope } from './softcap.js';
import { joinStates, softmaxOf } from './softmax.js';
import { exp } from '../../ops/elementary/elementary.js';

type T = tf.Tensor;

/** The sum of `e^(logit - largest) weight`, times the slope of the softcap if there is one, over the chunks so far. */
interface Mixture {
  /** Largest logit so far, `[N]`. */
  readonly largest: T;
  /** `[N, D]` */
  readonly sum: T;
}

/**
 * Log-probs with a gradient with respect to the hidden states only. The gradient is computed in the forward pass and saved: for a row
 * with label y, `weight[y] - sum of p_v weight[v]`, each weight times the slope of its softcap if there is one. The sum is kept relative
 * to the largest logit so far, and rescaled when a larger logit comes.
 */
export function withFrozenWeight(rows: LinearRows<T>): T {
  return customGradient(
    { hidden: rows.hidden },
    ({ hidden }, willDifferentiate) => {
      const given = { ...rows, hidden };
      const start: { states: readonly T[]; mixture?: Mixture } = { states: [] };
      const { states, mixture } = foldChunks(given, start, (before, chunk) => {
        const { state, powers } = softmaxOf(chunk);
        const next = { states: [...before.states, state] };
        if (!willDifferentiate) return next;
        return { ...next, mixture: mixed(before.mixture, chunk, softmaxState.read(state, 'largest'), powers(), rows) };
      });
      const { state } = joinStates(states, rows);
      const mean = mixture && tf.div(mixture.sum, column(softmaxState.read(state, 'total')));
      return { value: softmaxState.read(state, 'logp'), saved: mean && { gradient: tf.sub(slopeOfLabel(given), mean) } };
    },
    (dy, { gradient }) => ({ hidden: tf.mul(gradient, column(dy)) }),
  );
}

/** The mixture after one more chunk. */
function mixed(before: Mixture | undefined, { weight, products }: Chunk, largest: T, powers: T, { cap, layout }: LinearRows<T>): Mixture {
  const sum = mixtureOf(timesSoftcapSlope(powers, products, cap), weight, layout);
  if (!before) return { largest, sum };
  const highest = tf.maximum(before.largest, largest);
  const rescaled = (x: Mixture): T => tf.mul(x.sum, column(exp(tf.sub(x.largest, highest))));
  return { largest: highest, sum: tf.add(rescaled(before), rescaled({ largest, sum })) };
}

/** Derivative of each label's logit with respect to the hidden state, `[N, D]`. */
function slopeOfLabel({ hidden, weight, layout, bias, labels, cap }: LinearRows<T>): T {
  // A label out of range becomes NaN later, whatever is read here.
  const ofLabel = layout === 'vocabularyByHidden' ? gatherRows(weight, labels) : tf.transpose(tf.gather(weight, labels, 1));
  if (cap === undefined) return ofLabel;
  const product = tf.sum(tf.mul(hidden, ofLabel), -1);
  return timesSoftcapSlope(ofLabel, column(bias ? tf.add(product, gatherRows(bias, labels)) : product), cap);
}
