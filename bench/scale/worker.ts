// One worker of a measurement: `main.ts` starts as many as it needs, and worker 0 prints the answer.
import * as tf from '@tensorflow/tfjs';
import { sumGradients } from '../../examples/data-parallel/exchange.js';
import type { Row } from '../../examples/data-parallel/model.js';
import { OBJECTIVES, type Part } from '../../examples/data-parallel/objectives.js';
import { alone } from '../../examples/data-parallel/workers/alone.js';
import { openWorkers } from '../../examples/data-parallel/workers/open.js';
import type { Workers } from '../../examples/data-parallel/workers/workers.js';
import { startBackend } from '../../examples/shared/backend.js';
import { datasetOf, PADDING, type TrainingPair } from '../../examples/train-tiny-gpt/data.js';
import { TinyGpt } from '../../examples/train-tiny-gpt/model.js';
import { TASKS, type TaskName } from '../../examples/train-tiny-gpt/tasks.js';
import { AdamW, clipByGlobalNorm, collatePairs, valueAndGrads } from 'prefloss';
import { median } from '../median.js';
import { DECODERS, matricesOf } from './languageModels.js';
import type { EngineRow, ExchangeRow, Phases, ScaleBackend, StepRow } from './results.js';

/** A measurement. */
export type Job =
  | { readonly study: 'exchange' }
  | { readonly study: 'engine'; readonly backend: ScaleBackend }
  | { readonly study: 'step'; readonly backend: ScaleBackend; readonly task: TaskName };

/** The answer of worker 0. */
export interface Answers {
  readonly exchange: Pick<ExchangeRow, 'latencyMs' | 'sizes'>;
  readonly engine: Omit<EngineRow, 'backend' | 'workers'>;
  readonly step: Omit<StepRow, 'backend' | 'task' | 'workers' | 'speedUp'>;
}

const SIZES = [2 ** 20, 2 ** 24, 2 ** 26];
/** Time of a turn, and of one in which a model is trained, whose code the just-in-time compiler makes faster for some seconds. */
const [TURN_MS, TRAINING_MS] = [2000, 5000];
const RUNS = { fewest: 6, most: 2000 } as const;

/** Waits until all workers are here. */
const meet = (workers: Workers): Promise<void> => workers.sum(new Float64Array(1));

/** Runs something for a time, equally often on every worker. Returns how many runs count: the second half. */
async function repeat(workers: Workers, run: () => Promise<void>, ms: number): Promise<number> {
  const end = performance.now() + ms;
  for (let runs = 0; ; runs++) {
    const isOver = Float64Array.of(Number(runs === RUNS.most || (runs >= RUNS.fewest && performance.now() > end)));
    await workers.max(isOver);
    if (isOver[0] === 1) return runs >> 1;
    await run();
  }
}

/** Median milliseconds of something that all workers begin at the same time. */
async function medianMs(workers: Workers, run: () => Promise<void>): Promise<number> {
  const samples: number[] = [];
  const timed = async (): Promise<void> => {
    await meet(workers);
    const start = performance.now();
    await run();
    samples.push(performance.now() - start);
  };
  const counted = await repeat(workers, timed, TURN_MS);
  return median(samples.slice(-counted));
}

async function exchange(workers: Workers): Promise<Answers['exchange']> {
  const time = (floats: number) => {
    const values = new Float32Array(floats);
    return medianMs(workers, () => workers.sum(values));
  };
  const latencyMs = await time(1);
  const sizes: { bytes: number; ms: number }[] = [];
  for (const bytes of SIZES) {
    const ms = Float64Array.of(await time(bytes / 4));
    await workers.max(ms);
    sizes.push({ bytes, ms: ms[0]! });
    if (ms[0]! > TURN_MS) break;
  }
  return { latencyMs, sizes };
}

/** Floating-point operations per second of the products of linear layers, forward and backward, as the tiny GPT computes them. */
async function rateOf(workers: Workers, rows: number, matrices: readonly (readonly [number, number])[]): Promise<number> {
  const inputs = matrices.map(([from, to]) => [tf.randomNormal([rows, from]), tf.randomNormal([from, to]), tf.randomNormal([rows, to])]);
  const products = (): Promise<void> => {
    tf.tidy(() => {
      for (const [x, weight, dy] of inputs as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D][]) {
        tf.matMul(x, weight);
        tf.matMul(dy, tf.transpose(weight));
        tf.matMul(tf.transpose(x), dy);
      }
    });
    return Promise.resolve();
  };
  const ms = await medianMs(workers, products);
  tf.dispose(inputs);
  return (1000 * matrices.reduce((sum, [from, to]) => sum + 6 * rows * from * to, 0)) / ms;
}

async function engine(workers: Workers, backend: ScaleBackend): Promise<Answers['engine']> {
  await startBackend(backend);
  const { sizes } = TASKS['hh-rlhf']();
  const { width, maxLength } = sizes;
  const tiny = [[width, 3 * width], [width, width], [width, 4 * width], [4 * width, width]] as const; // prettier-ignore
  const tinyRate = await rateOf(workers, 4 * maxLength, tiny);
  const largeRate = await rateOf(workers, 512, matricesOf(DECODERS['SmolLM2 135M']));
  const gradient = tf.ones([SIZES[1]! / 4]);
  const variable = tf.variable(gradient);
  const copyMs = await medianMs(workers, async () => {
    const own = { loss: tf.scalar(0), grads: { [variable.name]: gradient.clone() } };
    tf.dispose((await sumGradients(alone, own, [variable])).grads);
  });
  return { tinyRate, largeRate, copyRate: (1000 * SIZES[1]!) / copyMs };
}

/** These workers, and how long they have waited for each other and exchanged. */
function timed(workers: Workers): Workers & { times: { wait: number; exchange: number } } {
  const times = { wait: 0, exchange: 0 };
  const sum = async (values: Float32Array | Float64Array): Promise<void> => {
    const start = performance.now();
    await meet(workers);
    const all = performance.now();
    await workers.sum(values);
    times.wait += all - start;
    times.exchange += performance.now() - all;
  };
  return { ...workers, sum, times };
}

const withReference = (pair: TrainingPair): Row => ({
  ...pair,
  reference: { chosen: -50, rejected: -50 },
  examples: { chosen: { ...pair.examples.chosen, reference: -50 }, rejected: { ...pair.examples.rejected, reference: -50 } },
});

async function step(workers: Workers, { backend, task: name }: Extract<Job, { study: 'step' }>): Promise<Answers['step']> {
  await startBackend(backend);
  const task = TASKS[name]();
  const data = datasetOf(task, 0);
  const policy = TinyGpt.create({ ...task.sizes, vocabularySize: data.vocabularySize }, 0);
  const { variables } = policy;
  const optimizer = new AdamW({ learningRate: task.rate, beta2: 0.99, weightDecay: 0 });
  const batch = data.train.slice(0, task.batchSize).map(withReference);
  const partOf = (n: number, i: number): Part => ({ rows: batch.filter((_, row) => row % n === i), batchSize: batch.length });
  const tokensOf = ({ rows }: Part): number => {
    const { tokens } = collatePairs(rows, PADDING);
    return tokens.length * tokens[0]!.length;
  };
  const timing = timed(workers);
  const objective = OBJECTIVES.dpo({ workers: timing, policy, beta: task.beta.dpo });
  const gradients = async (part: Part) => valueAndGrads((await objective(part, {})).outputs, [...variables]);
  const apply = (grads: tf.NamedTensorMap): void => {
    const clipped = clipByGlobalNorm(grads, 1);
    optimizer.applyGradients(clipped.grads);
    tf.dispose([grads, clipped]);
  };

  const part = partOf(workers.size, workers.rank);
  const samples: Phases[] = [];
  const exchanged = async (): Promise<void> => {
    await meet(workers);
    Object.assign(timing.times, { wait: 0, exchange: 0 });
    const start = performance.now();
    const own = await gradients(part);
    tf.dispose(own.metrics);
    const differentiated = performance.now();
    const { grads } = await sumGradients(timing, own, variables);
    const summed = performance.now();
    apply(grads);
    const updated = performance.now();
    await meet(workers);
    const end = performance.now();
    const { wait, exchange } = timing.times;
    const copy = summed - differentiated - wait - exchange;
    const [compute, update] = [differentiated - start, updated - summed];
    samples.push({ compute, copy, wait: wait + end - updated, exchange, update, total: end - start });
  };
  const plain = async (): Promise<number> => {
    const start = performance.now();
    const { loss, grads, metrics } = await gradients(part);
    await loss.data();
    tf.dispose([loss, metrics]);
    apply(grads);
    return performance.now() - start;
  };
  const quarter = partOf(4, 0);
  const ofQuarter = async (): Promise<number> => {
    const start = performance.now();
    const { loss, grads, metrics } = await gradients(quarter);
    tf.dispose([loss, grads, metrics]);
    return performance.now() - start;
  };

  const others: { plain: number[]; quarter: number[] } = { plain: [], quarter: [] };
  const counted = await repeat(
    workers,
    async () => {
      await exchanged();
      if (workers.size > 1) return;
      others.plain.push(await plain());
      others.quarter.push(await ofQuarter());
    },
    TRAINING_MS,
  );
  const of = (phase: keyof Phases): number => median(samples.slice(-counted).map((sample) => sample[phase]));
  const names = ['compute', 'copy', 'wait', 'exchange', 'update', 'total'] as const;
  const tokens = Float64Array.of(tokensOf(part));
  await workers.max(tokens);
  return {
    weights: variables.reduce((sum, { size }) => sum + size, 0),
    tokens: tokens[0]!,
    phases: Object.fromEntries(names.map((phase) => [phase, of(phase)])) as Record<keyof Phases, number>,
    samples: counted,
    ...(workers.size === 1 && {
      alone: {
        overhead: median(others.plain.map((ms, i) => samples[i]!.total / ms - 1).slice(-counted)),
        quarter: { tokens: tokensOf(quarter), compute: median(others.quarter.slice(-counted)) },
      },
    }),
  };
}

const job = JSON.parse(process.argv[2]!) as Job;
const workers = openWorkers();
const answer =
  job.study === 'exchange'
    ? await exchange(workers)
    : job.study === 'engine'
      ? await engine(workers, job.backend)
      : await step(workers, job);
if (workers.rank === 0) console.log(JSON.stringify(answer));
await workers.close();
