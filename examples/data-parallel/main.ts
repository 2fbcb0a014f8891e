/** Trains a tiny GPT on preference pairs, on several processes as on one. `--help` lists the options. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { AdamW, cosineSchedule, loadCheckpoint, saveCheckpoint, type CheckpointParts } from 'prefloss';
import { startBackend } from '../shared/backend.js';
import { makeFolder, writeWhole } from '../shared/files.js';
import { MetricsLog } from '../shared/metricsLog.js';
import { datasetOf } from '../train-tiny-gpt/data.js';
import { TinyGpt } from '../train-tiny-gpt/model.js';
import { TASKS } from '../train-tiny-gpt/tasks.js';
import { agree, agreeOnWeights, versionOfCode } from './agree.js';
import { fromFirst } from './exchange.js';
import { runJob, SharedError } from './job.js';
import { OBJECTIVES, supervised, type Running } from './objectives.js';
import { HELP, parseOptions } from './options.js';
import { forgetReference, withReference } from './reference.js';
import { evaluate, train } from './train.js';
import { openWorkers } from './workers/open.js';
import type { Workers } from './workers/workers.js';

const MAX_NORM = 1;

async function main(workers: Workers): Promise<void> {
  const isFirst = workers.rank === 0;
  const say = (text: string): void => void (isFirst && console.log(text)); // eslint-disable-line no-void
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    say(HELP);
    return;
  }
  await startBackend(options.backend);
  const task = TASKS[options.data]();
  const { loss, seed, batchSize = task.batchSize, rate = task.rate } = options;
  const data = datasetOf(task, seed);
  const { resume, out: _, ...alike } = options;
  await agree(workers, { code: versionOfCode(), options: JSON.stringify({ ...alike, resume }), data: JSON.stringify(data) });
  if (workers.size > data.train.length)
    throw new SharedError(`${workers.size} workers, expected at most ${data.train.length}, one per training pair`);

  const out = options.out ?? fileURLToPath(new URL(`out/${options.data}/${loss}`, import.meta.url));
  makeFolder(out);
  const file = (name: string): string => join(out, `${name}.safetensors`);
  const saved = async (name: string): Promise<Uint8Array | undefined> => {
    if (!resume) return undefined;
    const bytes = await fromFirst(workers, isFirst && existsSync(file(name)) ? readFileSync(file(name)) : new Uint8Array());
    return bytes.length > 0 ? bytes : undefined;
  };
  const setup = { data: options.data, loss, seed, batchSize };
  const load = async (name: string, bytes: Uint8Array, parts: CheckpointParts): Promise<{ step?: number; running?: Running }> => {
    const { step, running, ...other } = await loadCheckpoint(bytes, parts);
    if (!isDeepStrictEqual(other, setup))
      throw new SharedError(`${file(name)} is of ${JSON.stringify(other)}, expected ${JSON.stringify(setup)} as in the options`);
    return { step, running } as { step?: number; running?: Running };
  };
  const policy = TinyGpt.create({ ...task.sizes, vocabularySize: data.vocabularySize }, seed);
  const { variables } = policy;
  const common = { workers, variables, batchSize, seed, maxNorm: MAX_NORM, evaluateEvery: task.evaluateEvery };
  say(
    `${workers.size} ${workers.size === 1 ? 'worker' : 'workers'}, ${data.train.length} training pairs, ${data.validation.length} held out; ${options.backend}`,
  );

  // The reference is the model after supervised fine-tuning. Its log-probs are computed before the policy leaves it, so no copy is needed.
  const tuned = await saved('sft');
  if (tuned) await load('sft', tuned, { policy: variables });
  else {
    const { sftSteps } = options;
    const optimizer = new AdamW({ beta2: 0.99, weightDecay: 0 });
    const objective = supervised(policy, task.demonstrations);
    await train({ ...common, objective, optimizer, rows: data.train, steps: sftSteps, rate: rateOf(task.sftRate, sftSteps) });
    optimizer.dispose();
    if (isFirst) writeWhole(file('sft'), await saveCheckpoint({ policy: variables }, setup));
  }
  if (!resume) forgetReference(workers, out);
  const all = await withReference([...data.train, ...data.validation], { workers, reference: policy, batchSize, folder: out });
  const [rows, validation] = [all.slice(0, data.train.length), all.slice(data.train.length)];

  const objective = OBJECTIVES[loss]({ workers, policy, beta: task.beta[loss === 'orpo' ? 'orpo' : 'dpo'] });
  const optimizer = new AdamW({ beta2: 0.99, weightDecay: 0 });
  const parts = { policy: variables, optimizer };
  const bytes = await saved('checkpoint');
  const { step: from = 0, running = {} } = bytes ? await load('checkpoint', bytes, parts) : {};
  const log = isFirst ? await MetricsLog.open({ folder: out, backend: options.backend, resume }) : undefined;
  log?.rewind(loss, from);
  await train({
    ...common,
    objective,
    optimizer,
    rows,
    from,
    running,
    steps: options.steps,
    rate: rateOf(rate, options.steps),
    onBatch: (step, metrics) => log?.add({ phase: loss, on: 'batch', step, metrics }),
    onEvaluation: async (step, running) => {
      await agreeOnWeights(workers, variables, step);
      if (isFirst) writeWhole(file('checkpoint'), await saveCheckpoint(parts, { step, running, ...setup }));
      const metrics = await evaluate(workers, objective, { rows: validation, batchSize, running });
      log?.add({ phase: loss, on: 'validation', step, metrics });
      say(`step ${String(step).padStart(4)}: held-out loss ${metrics.loss!.toFixed(4)}, margin ${metrics['rewards/margins']!.toFixed(3)}`);
    },
  });
  optimizer.dispose();
  say(`${relative(process.cwd(), out)}: metrics.jsonl, checkpoint.safetensors`);
}

/** The learning rate of the update that follows `step` updates: warmup, then decay. It is not 0 at the start, which would waste an update. */
function rateOf(learningRate: number, totalSteps: number): (step: number) => number {
  if (totalSteps === 0) return () => 0;
  const schedule = cosineSchedule({ learningRate, totalSteps, warmupSteps: Math.ceil(0.1 * totalSteps) });
  return (step) => schedule(step + 1);
}

const workers = openWorkers();
await runJob(workers, () => main(workers));
