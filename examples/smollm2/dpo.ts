import * as tf from '@tensorflow/tfjs';
import {
  attachReference,
  batchesOf,
  collatePairs,
  completionLogProbs,
  dpo,
  ops,
  pairMetrics,
  precomputeReference,
  splitPairs,
  type EncodedPair,
  type Pair,
  type PairBatch,
} from 'prefloss';
import type { Objective } from '../shared/train.js';
import type { Llama } from './llama.js';
import type { Adapter } from './lora.js';

/** The width of a batch is rounded up to a multiple of this, so that a GPU backend compiles programs for few shapes. */
const MULTIPLE = 16;

/**
 * DPO of a frozen Llama. With `adapters` it is the policy; with `referenceAdapters`, for example a frozen copy of an SFT adapter, or
 * without any adapters, it is the reference.
 */
export class Dpo {
  constructor(
    readonly model: Llama,
    readonly adapters: ReadonlyMap<string, Adapter>,
    readonly padTokenId: number,
    readonly referenceAdapters?: ReadonlyMap<string, Adapter>,
  ) {}

  /** The variables to train. */
  get variables(): tf.Variable[] {
    return [...this.adapters.values()].flatMap(({ a, b }) => [a, b]);
  }

  /** Returns the objective: mean loss and metrics of pairs that have their log-probs under the reference. */
  readonly objective =
    (beta: number): Objective<EncodedPair> =>
    (pairs) => {
      const batch = this.collate(pairs);
      const logps = { policy: this.logps(batch, this.adapters), reference: batch.reference! };
      return { loss: ops.mean(dpo(logps, { beta })), ...pairMetrics(logps, { beta, ties: 'half' }) };
    };

  /** Returns the pairs with their log-probs under the reference, which are then computed only once. */
  async withReference(pairs: readonly EncodedPair[], batchSize: number): Promise<EncodedPair[]> {
    const batches = batchesOf(pairs, { batchSize });
    return attachReference(batches, await precomputeReference(batches, (some) => this.logps(this.collate(some), this.referenceAdapters)));
  }

  /** Summed log-probs of the completions. The logits `[2B, T, 49152]` are never all in memory at once. */
  private logps(batch: PairBatch, adapters?: ReadonlyMap<string, Adapter>): Pair<tf.Tensor1D> {
    const hidden = this.model.hidden(tf.tensor2d(batch.tokens, undefined, 'int32'), adapters);
    return splitPairs(completionLogProbs({ hidden, weight: this.model.embedding }, batch, { frozenWeight: true }));
  }

  private collate(pairs: readonly EncodedPair[]): PairBatch {
    return collatePairs(pairs, { padTokenId: this.padTokenId, padToMultipleOf: MULTIPLE });
  }
}
