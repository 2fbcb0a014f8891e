import * as tf from '@tensorflow/tfjs';
import { batchesOf, clipByGlobalNorm, MetricAverage, noGrad, readMetrics, valueAndGrads, type AdamW } from 'prefloss';
import { checkValues } from 'prefloss/testing';
import type { Metrics } from '../shared/metricsLog.js';
import { gatherJson, sumGradients } from './exchange.js';
import { SharedError } from './job.js';
import type { Row } from './model.js';
import type { Objective, Outputs, Part, Running } from './objectives.js';
import type { Workers } from './workers/workers.js';

/** Arguments of {@link train}. Every worker has the same, except for `workers`. */
export interface Training<Item> {
  readonly workers: Workers;
  /** Variables to train, in place. */
  readonly variables: readonly tf.Variable[];
  readonly objective: Objective<Item>;
  readonly optimizer: AdamW;
  readonly rows: readonly Item[];
  readonly batchSize: number;
  /** Seed of the order of the rows. */
  readonly seed: number;
  /** Number of updates that were made earlier and are skipped. Default 0. */
  readonly from?: number;
  /** The running statistics after them. */
  readonly running?: Running;
  /** Number of updates in total. */
  readonly steps: number;
  /** Learning rate of the update that follows `step` updates. */
  readonly rate: (step: number) => number;
  /** Maximum global norm of the gradients. */
  readonly maxNorm: number;
  /** Called after each update with the metrics of its batch, which were measured after `step` updates. */
  readonly onBatch?: (step: number, metrics: Metrics) => void;
  /** Called and awaited whenever the number of updates is a multiple of `evaluateEvery`, 0 included, and after the last update. */
  readonly onEvaluation?: (step: number, running: Running) => Promise<void>;
  readonly evaluateEvery: number;
}

/** Trains on several workers as one process would. Throws a {@link SharedError} if the loss or a gradient of any worker is not finite. */
export async function train<Item>(training: Training<Item>): Promise<void> {
  const { workers, variables, objective, optimizer, rows, batchSize, seed, steps, evaluateEvery } = training;
  const perEpoch = Math.ceil(rows.length / batchSize);
  let running = training.running ?? {};
  for (let step = training.from ?? 0; step < steps; step++) {
    if (step % evaluateEvery === 0) await training.onEvaluation?.(step, running);
    // The same batch on every worker, of which each takes its own rows.
    const batch = batchesOf(rows, { batchSize, seed: seed + Math.floor(step / perEpoch) })[step % perEpoch]!;
    const part = partOf(workers, batch);
    const prepared = await objective(part, running);
    running = { ...running, ...prepared.running };
    const own = gradientsOf(part, prepared.outputs, variables);
    const { loss, grads } = await sumGradients(workers, own, variables); // summed, not averaged: each worker has its part of the mean
    const clipped = clipByGlobalNorm(grads, training.maxNorm); // of the sum, so the same on every worker
    const { gradientNorm } = await readMetrics({ gradientNorm: clipped.norm });
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) await refuse(workers, part, prepared.outputs, variables, step);
    const metrics = new MetricAverage();
    await metrics.add(own.metrics, part.rows.length);
    optimizer.learningRate = training.rate(step);
    optimizer.applyGradients(clipped.grads);
    tf.dispose([grads, clipped, own.metrics]);
    const { learningRate } = optimizer;
    training.onBatch?.(step, { loss, ...(await averageOver(workers, metrics)), gradientNorm: gradientNorm!, learningRate });
  }
  await training.onEvaluation?.(steps, running);
}

/** A worker's rows of a batch; the last batch may have fewer rows than there are workers. */
const partOf = <Item>(workers: Workers, batch: readonly Item[]): Part<Item> => ({
  rows: batch.filter((_, i) => i % workers.size === workers.rank),
  batchSize: batch.length,
});

/** The gradients of a part; without rows, it has none. */
function gradientsOf(
  part: Part<unknown>,
  outputs: () => Outputs,
  variables: readonly tf.Variable[],
): Outputs & { grads: tf.NamedTensorMap } {
  if (part.rows.length === 0) return { ...noGrad(outputs), grads: {} };
  return valueAndGrads(outputs, [...variables]);
}

/** The averages over the rows of all workers. */
async function averageOver(workers: Workers, own: MetricAverage): Promise<Metrics> {
  const all = new MetricAverage();
  for (const totals of await gatherJson(workers, own.totals())) all.addTotals(totals);
  return all.result();
}

/** Stops the job, and names the workers whose part is not finite. */
async function refuse(
  workers: Workers,
  part: Part<unknown>,
  outputs: () => Outputs,
  variables: readonly tf.Variable[],
  step: number,
): Promise<never> {
  const { loss, grads } = gradientsOf(part, outputs, variables);
  const [value] = await loss.data();
  const problem = Number.isFinite(value)
    ? await checkValues(grads).then(
        () => '',
        (error: unknown) => (error as Error).message.replace('checkValues:', 'the gradient of variable'),
      )
    : `its part of the loss is ${value}`;
  const problems = (await gatherJson(workers, problem)).flatMap((one, worker) => (one === '' ? [] : [`worker ${worker}: ${one}`]));
  const found = problems.length > 0 ? problems.join('; ') : 'the sum of the gradients is not finite';
  throw new SharedError(`after ${step} updates, ${found}: try a smaller learning rate`);
}

/** The mean loss and metrics over rows, each worker evaluating its part of every batch. */
export async function evaluate(
  workers: Workers,
  objective: Objective,
  { rows, batchSize, running = {} }: { readonly rows: readonly Row[]; readonly batchSize: number; readonly running?: Running },
): Promise<Metrics> {
  const average = new MetricAverage();
  const loss = new Float64Array(1);
  for (const batch of batchesOf(rows, { batchSize })) {
    const part = partOf(workers, batch);
    const { outputs } = await objective(part, running);
    const { loss: ofPart, metrics } = noGrad(outputs);
    await average.add(metrics, part.rows.length);
    loss[0]! += (await ofPart.data())[0]! * batch.length;
    tf.dispose([ofPart, metrics]);
  }
  await workers.sum(loss);
  return { loss: loss[0]! / rows.length, ...(await averageOver(workers, average)) };
}
