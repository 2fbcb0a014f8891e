import * as tf from '@tensorflow/tfjs';
import {
  AdamW,
  batchesOf,
  clipByGlobalNorm,
  collatePairs,
  dpo,
  linearTokenLogProbs,
  MetricAverage,
  noGrad,
  ops,
  pairMetrics,
  precomputeReference,
  readMetrics,
  sequenceLogProbs,
  splitPairs,
  valueAndGrads,
  type EncodedPair,
  type Pair,
} from '../../src/index.js';
import { checkValues } from '../../src/testing/index.js';
import type { Llama } from './llama.js';
import type { Adapter } from './lora.js';

type Metrics = Readonly<Record<string, number>>;

/** Pairs as tensors on the engine; labels stay plain, so that no device is asked for them. */
interface Batch {
  readonly tokens: tf.Tensor2D;
  readonly labels: number[][];
  readonly mask: tf.Tensor2D;
  readonly reference?: Pair<tf.Tensor1D>;
}

/** What {@link train} needs beside the model. */
export interface Training {
  readonly pairs: readonly EncodedPair[];
  readonly validation: readonly EncodedPair[];
  readonly optimizer: AdamW;
  readonly from: number;
  readonly steps: number;
  readonly batchSize: number;
  /** The learning rate of the step after so many updates. */
  readonly rate: (step: number) => number;
  /** Largest norm of all gradients together. */
  readonly maxNorm: number;
  readonly beta: number;
  readonly seed: number;
  readonly evaluateEvery: number;
  readonly onBatch: (step: number, metrics: Metrics) => void;
  readonly onEvaluation: (step: number, metrics: Metrics) => Promise<void>;
}

/** Its width is a multiple of this, so that a GPU compiles few programs. */
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

  /** Summed log-probs of the completions; the logits `[B, T, 49152]` are never made. */
  logps({ tokens, labels, mask }: Batch, adapters?: ReadonlyMap<string, Adapter>): Pair<tf.Tensor1D> {
    const head = { hidden: this.model.hidden(tokens, adapters), weight: this.model.embedding };
    return splitPairs(sequenceLogProbs<tf.Tensor2D>(linearTokenLogProbs(head, labels, { frozenWeight: true }), mask));
  }

  /** Loss and metrics of a batch under the policy. */
  objective(batch: Batch, beta: number) {
    const logps = { policy: this.logps(batch, this.adapters), reference: batch.reference! };
    return { loss: ops.mean(dpo(logps, { beta })), metrics: pairMetrics(logps, { beta }) };
  }

  /** The pairs with their log-probs under the reference, which no step has to compute again. */
  async withReference(pairs: readonly EncodedPair[], batchSize: number): Promise<EncodedPair[]> {
    const results = await precomputeReference(batchesOf(pairs, { batchSize }), (some) => {
      const { chosen, rejected } = this.logps(this.batchOf(some));
      return [chosen, rejected];
    });
    const flat = (side: 0 | 1) => results.flatMap((result) => Array.from(result[side]!));
    const [chosen, rejected] = [flat(0), flat(1)];
    return pairs.map((pair, i) => ({ ...pair, reference: { chosen: chosen[i]!, rejected: rejected[i]! } }));
  }

  /** Trains the adapters. */
  async train(training: Training): Promise<void> {
    const { pairs, optimizer, from, steps, batchSize, rate, maxNorm, beta, seed, evaluateEvery, onBatch, onEvaluation } = training;
    const perEpoch = Math.ceil(pairs.length / batchSize);
    for (let step = from; step < steps; step++) {
      if (step % evaluateEvery === 0) await onEvaluation(step, await this.evaluate(training));
      const epoch = batchesOf(pairs, { batchSize, seed: seed + Math.floor(step / perEpoch) });
      const batch = this.batchOf(epoch[step % perEpoch]!);
      const { grads, ...outputs } = valueAndGrads(() => this.objective(batch, beta), this.variables);
      const clipped = clipByGlobalNorm(grads, maxNorm);
      const metrics = await readMetrics({ loss: outputs.loss, ...outputs.metrics, gradientNorm: clipped.norm });
      if (!Number.isFinite(metrics.gradientNorm)) await checkValues(grads); // says which variable it is
      optimizer.learningRate = rate(step);
      optimizer.applyGradients(clipped.grads);
      disposeBatch(batch);
      tf.dispose([grads, clipped.grads, clipped.norm, outputs.loss, outputs.metrics]);
      onBatch(step, { ...metrics, learningRate: optimizer.learningRate });
    }
    await onEvaluation(steps, await this.evaluate(training));
  }

  private async evaluate({ validation, batchSize, beta }: Training): Promise<Metrics> {
    const average = new MetricAverage();
    for (const some of batchesOf(validation, { batchSize })) {
      const batch = this.batchOf(some);
      const { loss, metrics } = noGrad(() => this.objective(batch, beta));
      await average.add({ loss, ...metrics }, some.length);
      disposeBatch(batch);
      tf.dispose([loss, metrics]);
    }
    return average.result();
  }

  private batchOf(pairs: readonly EncodedPair[]): Batch {
    const { tokens, labels, mask, reference } = collatePairs(pairs, { padTokenId: this.padTokenId, padToMultipleOf: MULTIPLE });
    return {
      tokens: tf.tensor2d(tokens, undefined, 'int32'),
      labels,
      mask: tf.tensor2d(mask),
      ...(reference && { reference: { chosen: tf.tensor1d(reference.chosen), rejected: tf.tensor1d(reference.rejected) } }),
    };
  }
}

function disposeBatch({ tokens, mask, reference }: Batch): void {
  tf.dispose([tokens, mask, ...(reference ? [reference.chosen, reference.rejected] : [])]);
}
