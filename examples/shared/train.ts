import * as tf from '@tensorflow/tfjs';
import { batchesOf, clipByGlobalNorm, MetricAverage, noGrad, readMetrics, valueAndGrads, type AdamW } from '../../src/index.js';
import { checkValues } from '../../src/testing/index.js';
import type { Metrics } from './metricsLog.js';
import { UsageError } from './usageError.js';

/** What training lowers: the mean loss of some items, and what to log beside it, all scalars. */
export type Objective<Item> = (items: readonly Item[]) => { readonly loss: tf.Scalar } & Readonly<Record<string, tf.Tensor>>;

/** What {@link train} needs. */
export interface Training<Item> {
  /** What is trained, in place. */
  readonly variables: readonly tf.Variable[];
  readonly objective: Objective<Item>;
  readonly optimizer: AdamW;
  readonly items: readonly Item[];
  readonly batchSize: number;
  /** Decides the order of the items. */
  readonly seed: number;
  /** Updates that have been made before, which are passed over. */
  readonly from?: number;
  readonly steps: number;
  /** The learning rate after so many updates. */
  readonly rate: (step: number) => number;
  /** Largest norm of all gradients together. */
  readonly maxNorm: number;
  /** Called with what a batch gave when `step` updates had been made. */
  readonly onBatch: (step: number, metrics: Metrics) => void;
  /** Called every `evaluateEvery` updates, before the first one and after the last one. */
  readonly onEvaluation: (step: number) => Promise<void>;
  readonly evaluateEvery: number;
}

/** A whole training loop. It throws if a gradient is not finite, or if a step leaves a tensor behind. */
export async function train<Item>(training: Training<Item>): Promise<void> {
  const { variables, objective, optimizer, items, batchSize, seed, from = 0, steps, evaluateEvery } = training;
  const perEpoch = Math.ceil(items.length / batchSize);
  let tensorsAfterFirstStep: number | undefined;
  for (let step = from; step < steps; step++) {
    if (step % evaluateEvery === 0) await training.onEvaluation(step);
    const epoch = batchesOf(items, { batchSize, seed: seed + Math.floor(step / perEpoch) });
    const { grads, ...outputs } = valueAndGrads(() => objective(epoch[step % perEpoch]!), variables);
    const clipped = clipByGlobalNorm(grads, training.maxNorm);
    const metrics = await readMetrics({ ...outputs, gradientNorm: clipped.norm });
    if (!Number.isFinite(metrics.gradientNorm)) await refuse(grads, step);
    optimizer.learningRate = training.rate(step);
    optimizer.applyGradients(clipped.grads);
    tf.dispose([grads, clipped.grads, clipped.norm, outputs]);
    training.onBatch(step, { ...metrics, learningRate: optimizer.learningRate });

    // The optimizer makes its moments in the first step; from there on the number of tensors has to stand still.
    const { numTensors } = tf.memory();
    tensorsAfterFirstStep ??= numTensors;
    if (numTensors !== tensorsAfterFirstStep) throw new Error(`step ${step} left ${numTensors - tensorsAfterFirstStep} tensors behind`);
  }
  await training.onEvaluation(steps);
}

/** Ends a training that has lost its way; {@link checkValues} says which gradient it is. */
async function refuse(grads: tf.NamedTensorMap, step: number): Promise<never> {
  const problem = await checkValues(grads).then(() => 'the norm of the gradients is not finite', (error: unknown) => (error as Error).message); // prettier-ignore
  throw new UsageError(`after ${step} updates, ${problem}: try a smaller --lr`);
}

/** The metrics of an objective over a whole split, in batches. */
export async function evaluate<Item>(objective: Objective<Item>, items: readonly Item[], batchSize: number): Promise<Metrics> {
  const average = new MetricAverage();
  for (const batch of batchesOf(items, { batchSize })) {
    const metrics = noGrad(() => objective(batch));
    await average.add(metrics, batch.length);
    tf.dispose(metrics);
  }
  return average.result();
}
