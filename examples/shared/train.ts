import * as tf from '@tensorflow/tfjs';
import { batchesOf, checkDevice, clipByGlobalNorm, MetricAverage, noGrad, readMetrics, valueAndGrads, type AdamW } from 'prefloss';
import { checkValues } from 'prefloss/testing';
import type { Metrics } from './metricsLog.js';
import { UsageError } from './usageError.js';

/** The function that training minimizes. Returns the mean loss of some items, and other metrics to log, all scalars. */
export type Objective<Item> = (items: readonly Item[]) => { readonly loss: tf.Scalar } & Readonly<Record<string, tf.Tensor>>;

/** Arguments of {@link train}. */
export interface Training<Item> {
  /** Variables to train, in place. */
  readonly variables: readonly tf.Variable[];
  readonly objective: Objective<Item>;
  readonly optimizer: AdamW;
  readonly items: readonly Item[];
  readonly batchSize: number;
  /** Seed of the order of the items. */
  readonly seed: number;
  /** Number of updates that were made earlier and are skipped. Default 0. */
  readonly from?: number;
  /** Number of updates in total. */
  readonly steps: number;
  /** Learning rate of the update that follows `step` updates. */
  readonly rate: (step: number) => number;
  /** Maximum global norm of the gradients; larger gradients are scaled down. */
  readonly maxNorm: number;
  /** Called after each update with the metrics of its batch, which were measured after `step` updates. */
  readonly onBatch: (step: number, metrics: Metrics) => void;
  /** Called with the number of updates after each of them, and awaited. A page lets the browser work here, or pauses. */
  readonly betweenSteps?: (step: number) => Promise<void>;
  /**
   * Called whenever the number of updates is a multiple of `evaluateEvery`, 0 included, and after the last update. Returns whether to
   * stop.
   */
  readonly onEvaluation: (step: number) => Promise<boolean>;
  readonly evaluateEvery: number;
}

/** A complete training loop. Throws if the GPU is lost, if the loss or a gradient is not finite, or if a step leaves a tensor behind. */
export async function train<Item>(training: Training<Item>): Promise<void> {
  const { variables, objective, optimizer, items, batchSize, seed, from = 0, steps, evaluateEvery } = training;
  const perEpoch = Math.ceil(items.length / batchSize);
  let tensorsAfterFirstStep: number | undefined;
  for (let step = from; step < steps; step++) {
    checkDevice();
    if (step % evaluateEvery === 0 && (await training.onEvaluation(step))) return;
    const epoch = batchesOf(items, { batchSize, seed: seed + Math.floor(step / perEpoch) });
    const { grads, ...outputs } = valueAndGrads(() => objective(epoch[step % perEpoch]!), variables);
    const clipped = clipByGlobalNorm(grads, training.maxNorm);
    const metrics = await readMetrics({ ...outputs, gradientNorm: clipped.norm });
    if (!Number.isFinite(metrics.loss) || !Number.isFinite(metrics.gradientNorm)) await refuse(grads, metrics.loss!, step);
    optimizer.learningRate = training.rate(step);
    optimizer.applyGradients(clipped.grads);
    tf.dispose([grads, clipped.grads, clipped.norm, outputs]);
    training.onBatch(step, { ...metrics, learningRate: optimizer.learningRate });

    // The optimizer creates its moments in the first step; after that, the number of tensors must not change.
    const { numTensors } = tf.memory();
    tensorsAfterFirstStep ??= numTensors;
    if (numTensors !== tensorsAfterFirstStep) throw new Error(`step ${step} left ${numTensors - tensorsAfterFirstStep} tensors behind`);
    await training.betweenSteps?.(step + 1);
  }
  await training.onEvaluation(steps);
}

/** Throws an error that names the first gradient that is not finite, as {@link checkValues} finds it, or else the loss or the norm. */
async function refuse(grads: tf.NamedTensorMap, loss: number, step: number): Promise<never> {
  const other = Number.isFinite(loss) ? 'the norm of the gradients is not finite' : `the loss is ${loss}`;
  const problem = await checkValues(grads).then(
    () => other,
    (error: unknown) => (error as Error).message.replace('checkValues:', 'the gradient of variable'),
  );
  throw new UsageError(`after ${step} updates, ${problem}: try a smaller learning rate`);
}

/** Returns the mean metrics of an objective over a whole split, computed in batches. */
export async function evaluate<Item>(objective: Objective<Item>, items: readonly Item[], batchSize: number): Promise<Metrics> {
  const average = new MetricAverage();
  for (const batch of batchesOf(items, { batchSize })) {
    const metrics = noGrad(() => objective(batch));
    await average.add(metrics, batch.length);
    tf.dispose(metrics);
  }
  return average.result();
}
