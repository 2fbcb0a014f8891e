import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { AdamW, cosineSchedule } from 'prefloss';
import { startBackend } from '../shared/backend.js';
import { makeFolder } from '../shared/files.js';
import { MetricsLog } from '../shared/metricsLog.js';
import { datasetOf } from '../train-tiny-gpt/data.js';
import { TinyGpt } from '../train-tiny-gpt/model.js';
import { TASKS } from '../train-tiny-gpt/tasks.js';
import { agree, agreeOnWeights, hashOf, versionOfCode } from './agree.js';
import { Checkpoints } from './checkpoints.js';
import { SharedError, together } from './job.js';
import { OBJECTIVES, supervised } from './objectives.js';
import type { Options } from './options.js';
import { forgetReference, withReference } from './reference.js';
import { evaluate, train } from './train.js';
import type { Workers } from './workers/workers.js';

const MAX_NORM = 1;

/** Fine-tunes the model, computes the log-probs of the reference, and trains on the preferences. Every worker calls it. */
export async function run(workers: Workers, options: Options): Promise<void> {
  const isFirst = workers.rank === 0;
  const say = (text: string): void => {
    if (isFirst) console.log(text);
  };
  const task = TASKS[options.data]();
  const { loss, backend, seed, sftSteps, steps, batchSize = task.batchSize, rate = task.rate, resume } = options;
  const out = options.out ?? fileURLToPath(new URL(`out/${options.data}/${loss}`, import.meta.url));
  await together(workers, async () => {
    await startBackend(backend);
    makeFolder(out);
  });
  const data = datasetOf(task, seed);
  // Each host may have a folder of its own.
  await agree(workers, { code: versionOfCode(), ...options, out: undefined, pairs: hashOf(JSON.stringify(data)) });
  if (options.workers !== undefined && options.workers !== workers.size) {
    throw new SharedError(`--workers is ${options.workers}, but ${workers.size} ${workers.size === 1 ? 'was' : 'were'} started`);
  }
  if (workers.size > data.train.length) {
    throw new SharedError(`${workers.size} workers, expected at most ${data.train.length}, one for each training pair`);
  }
  const pairs = [...data.train, ...data.validation];
  say(`${workers.size} x ${backend}; ${data.train.length} training pairs, ${data.validation.length} held out`);

  const policy = TinyGpt.create({ ...task.sizes, vocabularySize: data.vocabularySize }, seed);
  const { variables } = policy;
  const checkpoints = new Checkpoints(workers, out);
  const tuning = { data: options.data, seed, batchSize, sftSteps };
  const common = { workers, variables, batchSize, seed, maxNorm: MAX_NORM, evaluateEvery: task.evaluateEvery };

  const tuned = resume ? await checkpoints.load('sft', { policy: variables }, tuning) : undefined;
  if (!tuned) {
    forgetReference(out);
    const optimizer = optimizerOf();
    const objective = supervised(policy, task.demonstrations);
    await train({ ...common, objective, optimizer, rows: data.train, steps: sftSteps, rate: rateOf(task.sftRate, sftSteps) });
    optimizer.dispose();
    await checkpoints.save('sft', { policy: variables }, tuning);
  }
  // The reference is this model. Its log-probs are computed before the policy leaves it, so no copy is needed.
  const all = await withReference(pairs, { workers, reference: policy, batchSize, folder: out });
  const [rows, validation] = [all.slice(0, data.train.length), all.slice(data.train.length)];

  const objective = OBJECTIVES[loss]({ workers, policy, beta: task.beta[loss === 'orpo' ? 'orpo' : 'dpo'] });
  const optimizer = optimizerOf();
  const parts = { policy: variables, optimizer };
  const { step: from = 0, running = {} } = (resume ? await checkpoints.load('checkpoint', parts, { ...tuning, loss }) : undefined) ?? {};
  if (from > steps) throw new SharedError(`--steps is ${steps}, but the checkpoint already has ${from} updates`);
  const log = isFirst ? await MetricsLog.open({ folder: out, backend, resume }) : undefined;
  log?.rewind(loss, from);
  await train({
    ...common,
    objective,
    optimizer,
    rows,
    from,
    running,
    steps,
    rate: rateOf(rate, steps),
    onBatch: (step, metrics) => log?.add({ phase: loss, on: 'batch', step, metrics }),
    onEvaluation: async (step, running) => {
      await agreeOnWeights(workers, variables, step);
      await checkpoints.save('checkpoint', parts, { ...tuning, loss }, { step, running });
      const metrics = await evaluate(workers, objective, { rows: validation, batchSize, running });
      log?.add({ phase: loss, on: 'validation', step, metrics });
      const margin = metrics['rewards/margins'];
      say(
        `step ${String(step).padStart(4)}: held-out loss ${metrics.loss!.toFixed(4)}${margin === undefined ? '' : `, margin ${margin.toFixed(3)}`}`,
      );
    },
  });
  optimizer.dispose();
  tf.dispose([...variables]);
  say(`${relative(process.cwd(), out)}: metrics.jsonl, checkpoint.safetensors`);
}

/**
 * AdamW divides a gradient by its size. With its usual epsilon of 1e-8, an entry whose gradient is 0 but for rounding would move by up to the
 * learning rate, on two workers in another direction than on one.
 */
const optimizerOf = (): AdamW => new AdamW({ beta2: 0.99, epsilon: 1e-6, weightDecay: 0 });

/** The learning rate of the update that follows `step` updates: warmup, then decay. It is not 0 at the start, which would waste an update. */
function rateOf(learningRate: number, totalSteps: number): (step: number) => number {
  if (totalSteps === 0) return () => 0;
  const schedule = cosineSchedule({ learningRate, totalSteps, warmupSteps: Math.ceil(0.1 * totalSteps) });
  return (step) => schedule(step + 1);
}
