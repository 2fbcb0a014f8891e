import * as tf from '@tensorflow/tfjs';
import { MetricAverage, noGrad, readMetrics, valueAndGrads } from '../../src/index.js';
import { batchesOf, endlessBatches, withMismatches, type PreferencePair } from './data.js';
import type { TinyGpt } from './model.js';
import type { Objective } from './objectives.js';
import { UsageError } from './usageError.js';

/** Metrics in plain numbers, by name. */
export type Metrics = Readonly<Record<string, number>>;

/** What {@link train} needs. */
export interface TrainingSetup {
  readonly model: TinyGpt;
  readonly objective: Objective;
  readonly pairs: readonly PreferencePair[];
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Decides the order of the pairs. */
  readonly seed: number;
  /** Called with what a batch gave when `step` updates had been made. */
  readonly onBatch: (step: number, metrics: Metrics) => void;
  /** Called every `evaluateEvery` updates, before the first one and after the last one. */
  readonly onEvaluation: (step: number) => Promise<void>;
  readonly evaluateEvery: number;
}

/** Trains the model in place with Adam, and throws if a step leaves a tensor behind. */
export async function train(setup: TrainingSetup): Promise<void> {
  const { model, objective, steps, onBatch, onEvaluation, evaluateEvery } = setup;
  // The base type: `AdamOptimizer` is declared to take variables for gradients.
  const optimizer: tf.Optimizer = tf.train.adam(setup.learningRate, 0.9, 0.99);
  const batches = endlessBatches(withMismatches(setup.pairs), setup.batchSize, setup.seed);
  let tensorsAfterFirstStep: number | undefined;

  for (let step = 0; step < steps; step++) {
    if (step % evaluateEvery === 0) await onEvaluation(step);
    const batch = batches.next().value;
    const outputs = tf.tidy(() => {
      const { grads, ...rest } = valueAndGrads(() => objective(batch), model.variables);
      optimizer.applyGradients(grads);
      return rest;
    });
    const metrics = await readMetrics(outputs);
    tf.dispose(outputs);
    if (!Number.isFinite(metrics.loss))
      throw new UsageError(`the loss is ${String(metrics.loss)} after ${step} updates, expected a finite number: try a smaller --lr`);
    onBatch(step, metrics);

    // Adam makes its moments in the first step; from there on the number of tensors has to stand still.
    const { numTensors } = tf.memory();
    tensorsAfterFirstStep ??= numTensors;
    if (numTensors !== tensorsAfterFirstStep) throw new Error(`step ${step} left ${numTensors - tensorsAfterFirstStep} tensors behind`);
  }
  await onEvaluation(steps);
  optimizer.dispose();
}

/** The metrics of an objective over a whole split, in batches. */
export async function evaluate(objective: Objective, pairs: readonly PreferencePair[], batchSize: number): Promise<Metrics> {
  const average = new MetricAverage();
  for (const batch of batchesOf(withMismatches(pairs), batchSize)) {
    const metrics = noGrad(() => objective(batch));
    await average.add(metrics, batch.length);
    tf.dispose(metrics);
  }
  return average.result();
}
