import * as tf from '@tensorflow/tfjs-core';
import type { LinearRows, TokenDivergence } from '../../../backend/types.js';
import { exp } from '../../ops/elementary/elementary.js';
import { customGradient } from '../../tape.js';
import { divergenceState, type Attributes } from '../tokenDivergence/contract.js';
import {
  attributesOf,
  tokenDivergenceBackward,
  tokenDivergenceForward,
  tokenDivergenceMixture,
} from '../tokenDivergence/tokenDivergence.js';
import { checkDevice, chunkOf, chunkSizeOf, foldChunks, type Chunk } from './chunks.js';
import { headGradients, hiddenGradient } from './headGradients.js';
import { timesSoftcapSlope } from './softcap.js';
import { joinTotals } from './softmax.js';

type T = tf.Tensor;

/**
 * `linearTokenDivergence` of `Backend`, computed in chunks of the vocabulary; undefined if the active tfjs backend has no kernels for
 * `tokenDivergence`. The `divergenceState` is the only intermediate value that is saved; the backward pass recomputes the logits.
 */
export function linearTokenDivergence(
  policy: LinearRows<T>,
  reference: LinearRows<T>,
  divergence: TokenDivergence,
  weight: number,
  frozenWeight: boolean,
): T | undefined {
  if (!tokenDivergenceForward.isAvailable()) return undefined;
  const chunkSize = Math.min(chunkSizeOf(policy), chunkSizeOf(reference));
  const [own, fixed] = [
    { ...policy, chunkSize },
    { ...reference, chunkSize },
  ];
  checkDevice('linearTokenDivergence', own);
  checkDevice('linearTokenDivergence', fixed);
  const attributes = attributesOf(divergence, weight);
  const { hidden, bias } = policy;
  const trained = { hidden, weight: policy.weight, ...(bias && { bias }) };
  return customGradient(
    frozenWeight ? { hidden } : trained,
    (inputs) => {
      const state = stateOf({ ...own, ...inputs }, fixed, divergence, attributes);
      const constants = {
        fixedHidden: fixed.hidden,
        fixedWeight: fixed.weight,
        ...(fixed.bias && { fixedBias: fixed.bias }),
      };
      return {
        value: divergenceState.read(state, 'divergence'),
        saved: { ...trained, ...inputs, ...constants, labels: policy.labels, state },
      };
    },
    (dy, { state, fixedHidden, fixedWeight, fixedBias, ...saved }) => {
      const kept = { ...fixed, hidden: fixedHidden, weight: fixedWeight, bias: fixedBias, labels: saved.labels };
      const rows = { ...own, ...saved };
      const gradientOf = (chunk: Chunk): T => {
        const logits = { policy: chunk.logits, reference: chunkOf(kept, chunk.part.from, chunk.part.to).logits };
        return timesSoftcapSlope(tokenDivergenceBackward.run({ ...logits, saved: state, dy }, attributes), chunk.products, rows.cap);
      };
      return frozenWeight ? { hidden: hiddenGradient(rows, gradientOf) } : headGradients(rows, gradientOf);
    },
  );
}

/** The `divergenceState` over the whole vocabulary. */
function stateOf(policy: LinearRows<T>, reference: LinearRows<T>, divergence: TokenDivergence, attributes: Attributes): T {
  /** The outputs of `f` for the logits of all chunks. */
  const ofChunks = (f: (logits: { readonly policy: T; readonly reference: T }) => T): readonly T[] =>
    foldChunks(policy, { outputs: [] as readonly T[] }, ({ outputs }, { logits, part }: Chunk) => ({
      outputs: [...outputs, f({ policy: logits, reference: chunkOf(reference, part.from, part.to).logits })],
    })).outputs;

  const joined = joinStates(
    ofChunks((logits) => tokenDivergenceForward.run(logits, attributes)),
    divergence,
  );
  if (divergence !== 'jensenShannon') return joined;
  const mixtures = ofChunks((logits) => tokenDivergenceMixture.run({ ...logits, saved: joined }, attributes));
  const sums = divergenceState.unpack(tf.stack([...mixtures]));
  return divergenceState.pack({
    ...divergenceState.readAll(joined, [-1]),
    divergence: tf.sum(sums.divergence, 0),
    policyKl: tf.sum(sums.policyKl, 0),
  });
}

/** Combines the states of all chunks, each `[6, N]`. */
function joinStates(states: readonly T[], divergence: TokenDivergence): T {
  const chunks = divergenceState.unpack(tf.stack([...states]));
  const [p, q] = [joinTotals(chunks.pLargest, chunks.pTotal), joinTotals(chunks.qLargest, chunks.qTotal)];
  const isReverse = divergence === 'reverseKl';
  const [a, b] = isReverse ? [p, q] : [q, p];
  // The chain rule: a chunk adds its own divergence and that of its share, times its share. A chunk that is impossible adds 0.
  const perChunk = tf.mul(exp(a.logShare), tf.add(chunks.divergence, tf.sub(a.logShare, b.logShare)));
  const isImpossible = (total: T): T => tf.equal(total, 0);
  const [aTotal, bTotal] = isReverse ? [chunks.pTotal, chunks.qTotal] : [chunks.qTotal, chunks.pTotal];
  const orInfinite = tf.where(isImpossible(bTotal), tf.fill(bTotal.shape, Infinity), perChunk);
  const kl = tf.sum(tf.where(isImpossible(aTotal), tf.zerosLike(aTotal), orInfinite), 0);
  return divergenceState.pack({
    divergence: kl,
    policyKl: isReverse ? kl : tf.zerosLike(kl),
    pLargest: p.largest,
    pTotal: p.total,
    qLargest: q.largest,
    qTotal: q.total,
  });
}
