import * as tf from '@tensorflow/tfjs';
import {
  attachReference,
  batchesOf,
  collatePairs,
  dpo,
  linearTokenLogProbs,
  ops,
  pairMetrics,
  precomputeReference,
  sequenceLogProbs,
  splitPairs,
  type EncodedPair,
  type Pair,
  type PairBatch,
} from '../../src/index.js';
import type { Objective } from '../shared/train.js';
import type { Llama } from './llama.js';
import type { Adapter } from './lora.js';

/** Batches are as wide as a multiple of this, so that a GPU compiles few programs. */
const MULTIPLE = 16;

/** A frozen Llama and the adapters that make it the policy; without them it is the reference. */
export class Dpo {
  constructor(
    readonly model: Llama,
    readonly adapters: ReadonlyMap<string, Adapter>,
    readonly padTokenId: number,
  ) {}

  /** What is trained. */
  get variables(): tf.Variable[] {
    return [...this.adapters.values()].flatMap(({ a, b }) => [a, b]);
  }

  /** Mean loss and metrics of pairs that have the log-probs of the reference. */
  readonly objective =
    (beta: number): Objective<EncodedPair> =>
    (pairs) => {
      const batch = this.collate(pairs);
      const { chosen, rejected } = batch.reference!;
      const reference = { chosen: tf.tensor1d(chosen), rejected: tf.tensor1d(rejected) };
      const logps = { policy: this.logps(batch, this.adapters), reference };
      return { loss: ops.mean(dpo(logps, { beta })), ...pairMetrics(logps, { beta, ties: 'half' }) };
    };

  /** The pairs with their log-probs under the reference, which no step has to compute again. */
  async withReference(pairs: readonly EncodedPair[], batchSize: number): Promise<EncodedPair[]> {
    const batches = batchesOf(pairs, { batchSize });
    const results = await precomputeReference(batches, (some) => {
      const { chosen, rejected } = this.logps(this.collate(some));
      return [chosen, rejected];
    });
    return attachReference(batches, results);
  }

  /** Summed log-probs of the completions; the logits `[2B, T, 49152]` are never made. */
  private logps({ tokens, labels, mask }: PairBatch, adapters?: ReadonlyMap<string, Adapter>): Pair<tf.Tensor1D> {
    const hidden = this.model.hidden(tf.tensor2d(tokens, undefined, 'int32'), adapters);
    // Labels stay plain, so that no device is asked for them.
    const logps = linearTokenLogProbs({ hidden, weight: this.model.embedding }, labels, { frozenWeight: true });
    return splitPairs(sequenceLogProbs<tf.Tensor2D>(logps, tf.tensor2d(mask)));
  }

  private collate(pairs: readonly EncodedPair[]): PairBatch {
    return collatePairs(pairs, { padTokenId: this.padTokenId, padToMultipleOf: MULTIPLE });
  }
}
