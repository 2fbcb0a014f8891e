/**
 * Fine-tunes a tiny GPT on preference pairs: first on demonstrations, then with a preference loss against a frozen copy of itself.
 * `--help` lists the options.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { AdamW, cosineSchedule, earlyStopping, loadCheckpoint, saveCheckpoint } from 'prefloss';
import { startBackend } from '../shared/backend.js';
import { makeFolder, writeWhole } from '../shared/files.js';
import { MetricsLog, type Metrics } from '../shared/metricsLog.js';
import { plotRun } from '../shared/plot.js';
import { progressOf } from '../shared/progress.js';
import { resume } from '../shared/resume.js';
import { evaluate, train } from '../shared/train.js';
import { run as runProgram, UsageError } from '../shared/usageError.js';
import { shareRight } from './answers.js';
import { datasetOf } from './data.js';
import { TinyGpt } from './model.js';
import { preference, supervised, type Objective } from './objectives.js';
import { HELP, parseOptions } from './options.js';
import { evaluatedOf, report, showAnswers, type Run } from './report.js';

const MAX_NORM = 1;
const WARMUP = 0.1;

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (!options) {
    console.log(HELP);
    return;
  }
  const started = performance.now();
  await startBackend(options.backend);
  const { loss, seed, task } = options;
  const out = options.out ?? fileURLToPath(new URL(`out/${options.data}/${loss}`, import.meta.url));
  makeFolder(out);
  if (!options.resume) for (const phase of ['sft', loss]) rmSync(checkpointOf(out, phase), { force: true });

  const data = datasetOf(task, seed);
  const policy = TinyGpt.create({ ...task.sizes, vocabularySize: data.vocabularySize }, seed);
  const log = await MetricsLog.open({ folder: out, backend: options.backend, resume: options.resume });
  const run: Run = { options, data, policy, log, out };
  const weights = policy.variables.reduce((sum, v) => sum + v.size, 0);
  console.log(
    `${data.train.length} training pairs, ${data.validation.length} held out, ${data.dropped} dropped; ${data.vocabularySize} token ids; ${weights} weights; ${options.backend}`,
  );

  // The reference of DPO is the model after supervised fine-tuning (Rafailov et al. 2023, section 4).
  const stepsOf = (epochs: number): number => epochs * Math.ceil(data.train.length / task.batchSize);
  await runPhase(run, 'sft', supervised(policy, task.demonstrations), stepsOf(task.sftEpochs), task.sftRate);
  const reference = policy.frozen();
  const before = await valuesOf(policy);

  const setup = { policy, reference, beta: options.beta };
  const best = join(out, 'best.safetensors');
  await runPhase(run, loss, preference(loss, setup), options.steps ?? stepsOf(task.epochs), task.rate, best);
  if (!isDeepStrictEqual(await valuesOf(reference), before)) throw new Error('the reference has changed');
  if (isDeepStrictEqual(await valuesOf(policy), before)) throw new Error('the policy has not changed');

  const reloaded = TinyGpt.create(policy.config, seed);
  const { step } = await loadCheckpoint(readFileSync(best), { policy: reloaded.variables });
  const again = await measure({ ...run, policy: reloaded }, preference(loss, { ...setup, policy: reloaded }), 'validation');
  if (!isDeepStrictEqual(again, log.at(step as number, loss, 'validation'))) throw new Error('the reloaded checkpoint gives other metrics');

  const title = `A tiny GPT on ${data.train.length} preference pairs: ${loss.toUpperCase()}, seed ${seed}`;
  writeWhole(join(out, 'plot.svg'), await plotRun(log.records, { loss, title }));
  report(run);
  await showAnswers(run, reference);
  console.log(`\nbest.safetensors has the smallest held-out loss, after ${step as number} updates.`);
  const files = ['plot.svg', 'metrics.jsonl', 'best.safetensors'].map((name) => relative(process.cwd(), join(out, name)));
  console.log(`${files.join(', ')}; ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

const checkpointOf = (out: string, phase: string): string => join(out, `checkpoint-${phase}.safetensors`);
const valuesOf = ({ variables }: TinyGpt) => Promise.all(variables.map((v) => v.data()));

/**
 * Trains with one objective, with a progress display and a log. Writes a checkpoint at every evaluation, and continues from it if the run
 * is resumed. Keeps the model with the smallest held-out loss in the file `best`, if given.
 */
async function runPhase(run: Run, name: string, objective: Objective, steps: number, rate: number, best?: string): Promise<void> {
  const { options, data, policy, log, out } = run;
  const { batchSize, evaluateEvery } = options.task;
  const optimizer = new AdamW({ beta2: 0.99, weightDecay: 0 });
  const parts = { policy: policy.variables, optimizer };
  const checkpoint = checkpointOf(out, name);
  const setup = { data: options.data, seed: options.seed, 'batch-size': batchSize };
  const resumed = options.resume ? await resume(checkpoint, parts, setup) : undefined;
  const from = resumed?.step ?? 0;
  let stopping = resumed?.stopping;
  if (from > steps) throw new UsageError(`${name} has ${steps} updates, but its checkpoint already has ${from}`);
  // Fine-tuning is complete if the next phase has a checkpoint. It is only loaded then: measured again, its last entries would follow those
  // of the next phase.
  if (name === 'sft' && existsSync(checkpointOf(out, options.loss))) {
    optimizer.dispose();
    if (from < steps)
      throw new UsageError(`sft has ${steps} updates, expected ${from} as in the model that ${options.loss} continues from`);
    return;
  }
  log.rewind(name, from);
  const schedule = cosineSchedule({ learningRate: rate, totalSteps: steps, warmupSteps: Math.ceil(WARMUP * steps) });
  const progress = progressOf(name, steps);
  try {
    await train({
      variables: policy.variables,
      objective,
      optimizer,
      items: data.train,
      batchSize,
      seed: options.seed,
      from,
      steps,
      // The schedule starts at 0, and an update with learning rate 0 would be wasted.
      rate: (step) => schedule(step + 1),
      maxNorm: MAX_NORM,
      evaluateEvery,
      onBatch: (step, metrics) => {
        log.add({ phase: name, on: 'batch', step, metrics });
        progress.batch(step, metrics);
      },
      onEvaluation: async (step) => {
        // The state before this evaluation, which a resumed run repeats.
        writeWhole(checkpoint, await saveCheckpoint(parts, { step, ...setup, ...(stopping && { stopping }) }));
        for (const on of ['train', 'validation'] as const) log.add({ phase: name, on, step, metrics: await measure(run, objective, on) });
        const [onTrain, onValidation] = [log.at('last', name, 'train'), log.at('last', name, 'validation')];
        if (name === 'dpo' && step === 0) checkStart(onTrain);
        progress.evaluation(step, onTrain, onValidation);
        if (best === undefined) return false;
        stopping = earlyStopping(onValidation, { metric: 'loss', mode: 'min', patience: options.patience, previous: stopping });
        if (stopping.improved) writeWhole(best, await saveCheckpoint({ policy: policy.variables }, { step }));
        return stopping.shouldStop;
      },
    });
  } finally {
    progress.stop();
    optimizer.dispose();
  }
}

/** Returns the mean metrics of a split and, if its answers can be marked, the share of right answers. */
async function measure({ options, data, policy }: Run, objective: Objective, on: 'train' | 'validation'): Promise<Metrics> {
  const { batchSize, isMarked, answerTokens } = options.task;
  const pairs = evaluatedOf(data[on], options.seed);
  const metrics = await evaluate(objective, pairs, batchSize);
  return isMarked ? { ...metrics, 'answers/right': await shareRight(policy, pairs, answerTokens) } : metrics;
}

/** Checks the first DPO loss: policy and reference are still the same model, so every margin is 0 and every loss is ln 2. */
function checkStart({ loss }: Metrics): void {
  if (!(Math.abs(loss! - Math.LN2) < 1e-6)) throw new Error(`the first DPO loss is ${String(loss)}, expected ln 2`);
}

await runProgram(main);
