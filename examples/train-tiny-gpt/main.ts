/**
 * Fine-tunes a tiny GPT on preference pairs: first on demonstrations, then with a preference loss against a frozen copy of itself.
 * `--help` lists the options.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { AdamW, batchesOf, cosineSchedule, earlyStopping, loadCheckpoint, saveCheckpoint, type EarlyStopping } from 'prefloss';
import { startBackend } from '../shared/backend.js';
import { makeFolder, writeWhole } from '../shared/files.js';
import { MetricsLog, type Metrics } from '../shared/metricsLog.js';
import { plotRun } from '../shared/plot.js';
import { progressOf } from '../shared/progress.js';
import { evaluate, train } from '../shared/train.js';
import { run as runProgram } from '../shared/usageError.js';
import { answersOf, promptOf, shareRight } from './answers.js';
import { datasetOf, MARKERS, type Dataset } from './data.js';
import { TinyGpt } from './model.js';
import { preference, supervised, type Objective } from './objectives.js';
import { HELP, parseOptions, type Options } from './options.js';

const MAX_NORM = 1;
const WARMUP = 0.1;
/** Number of pairs of a split that an evaluation takes, if there are more. */
const EVALUATED = 150;
const SAMPLES = 4;

/** What a run works with. */
interface Run {
  readonly options: Options;
  readonly data: Dataset;
  readonly policy: TinyGpt;
  readonly log: MetricsLog;
}

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

  const data = datasetOf(task, seed);
  const policy = TinyGpt.create({ ...task.sizes, vocabularySize: data.vocabularySize }, seed);
  const log = await MetricsLog.open({ folder: out, backend: options.backend });
  const run: Run = { options, data, policy, log };
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
  const checkpoint = join(out, 'checkpoint.safetensors');
  await runPhase(run, loss, preference(loss, setup), options.steps ?? stepsOf(task.epochs), task.rate, checkpoint);
  if (!isDeepStrictEqual(await valuesOf(reference), before)) throw new Error('the reference has changed');
  if (isDeepStrictEqual(await valuesOf(policy), before)) throw new Error('the policy has not changed');

  const reloaded = TinyGpt.create(policy.config, seed);
  const { step: best } = await loadCheckpoint(readFileSync(checkpoint), { policy: reloaded.variables });
  const again = await measure({ ...run, policy: reloaded }, preference(loss, { ...setup, policy: reloaded }), 'validation');
  if (!isDeepStrictEqual(again, log.at(best as number, loss, 'validation'))) throw new Error('the reloaded checkpoint gives other metrics');

  const title = `A tiny GPT on ${data.train.length} preference pairs: ${loss.toUpperCase()}, seed ${seed}`;
  writeWhole(join(out, 'plot.svg'), await plotRun(log.records, { loss, title }));
  report(run);
  await showAnswers(run, reference);
  console.log(`\nThe checkpoint has the smallest held-out loss, after ${best as number} updates.`);
  const files = ['plot.svg', 'metrics.jsonl', 'checkpoint.safetensors'].map((name) => relative(process.cwd(), join(out, name)));
  console.log(`${files.join(', ')}; ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

const valuesOf = ({ variables }: TinyGpt) => Promise.all(variables.map((v) => v.data()));

/** Trains with one objective, with a progress display and a log. Keeps the best model in `checkpoint`, if given. */
async function runPhase(run: Run, name: string, objective: Objective, steps: number, rate: number, checkpoint?: string): Promise<void> {
  const { options, data, policy, log } = run;
  const { batchSize, evaluateEvery } = options.task;
  const optimizer = new AdamW({ beta2: 0.99, weightDecay: 0 });
  const schedule = cosineSchedule({ learningRate: rate, totalSteps: steps, warmupSteps: Math.ceil(WARMUP * steps) });
  const progress = progressOf(name, steps);
  let best: EarlyStopping | undefined;
  try {
    await train({
      variables: policy.variables,
      objective,
      optimizer,
      items: data.train,
      batchSize,
      seed: options.seed,
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
        for (const on of ['train', 'validation'] as const) log.add({ phase: name, on, step, metrics: await measure(run, objective, on) });
        const [onTrain, onValidation] = [log.at('last', name, 'train'), log.at('last', name, 'validation')];
        if (name === 'dpo' && step === 0) checkStart(onTrain);
        progress.evaluation(step, onTrain, onValidation);
        if (checkpoint === undefined) return false;
        best = earlyStopping(onValidation, { metric: 'loss', mode: 'min', patience: options.patience, previous: best });
        if (best.improved) writeWhole(checkpoint, await saveCheckpoint({ policy: policy.variables }, { step }));
        return best.shouldStop;
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
  const pairs = batchesOf(data[on], { batchSize: EVALUATED, seed: options.seed })[0]!;
  const metrics = await evaluate(objective, pairs, batchSize);
  return isMarked ? { ...metrics, 'answers/right': await shareRight(policy, pairs, answerTokens) } : metrics;
}

/** Checks the first DPO loss: policy and reference are still the same model, so every margin is 0 and every loss is ln 2. */
function checkStart({ loss }: Metrics): void {
  if (!(Math.abs(loss! - Math.LN2) < 1e-6)) throw new Error(`the first DPO loss is ${String(loss)}, expected ln 2`);
}

/** Prints what the model has learned, and which checks have passed. */
function report({ options: { loss }, log }: Run): void {
  const percent = (x: number): string => `${(100 * x).toFixed(0)} %`;
  const rows = [
    ['fine-tuning loss, nats per token', 'sft', 'loss', (x: number) => x.toFixed(3)],
    [`${loss.toUpperCase()} loss`, loss, 'loss', (x: number) => x.toFixed(4)],
    ['reward margin', loss, 'rewards/margins', (x: number) => x.toFixed(3)],
    ['reward accuracy', loss, 'rewards/accuracies', percent],
    ['right answers', loss, 'answers/right', percent],
  ] as const;
  console.log(`\nWhat it learned (before -> after)\n  ${''.padEnd(34)}${'train'.padEnd(22)}held out`);
  for (const [title, phase, metric, format] of rows) {
    const values = (['train', 'validation'] as const).map((on) =>
      (['first', 'last'] as const).map((end) => log.at(end, phase, on)[metric]),
    );
    const [onTrain, heldOut] = values.map((ends) => ends.map((x) => (x === undefined ? '-' : format(x))).join(' -> '));
    if (values.flat().some((x) => x !== undefined)) console.log(`  ${title.padEnd(34)}${onTrain!.padEnd(22)}${heldOut!}`);
  }
  const kept = loss === 'orpo' ? '' : 'the reference is the same to the last bit; ';
  console.log(`\nChecked: ${kept}no step left a tensor behind; the reloaded checkpoint gives the same metrics.`);
}

/** Prints some held-out prompts that the policy answers differently than the fine-tuned model. */
async function showAnswers({ options: { seed, task }, data, policy }: Run, reference: TinyGpt): Promise<void> {
  const pairs = batchesOf(data.validation, { batchSize: EVALUATED, seed })[0]!;
  const textsOf = async (model: TinyGpt) => (await answersOf(model, pairs, task.answerTokens)).map(data.textOf);
  const [before, after] = [await textsOf(reference), await textsOf(policy)];
  const changed = pairs.flatMap((pair, i) => (before[i] === after[i] ? [] : [{ prompt: promptOf(pair), i }]));
  console.log(`\n${changed.length} of ${pairs.length} held-out prompts have another answer than before`);
  for (const { prompt, i } of changed.slice(0, SAMPLES)) {
    const question = data.textOf(prompt.slice(prompt.lastIndexOf(MARKERS.user)));
    console.log(`\n> ${question}\n  before: ${before[i]!}\n  after:  ${after[i]!}`);
  }
}

await runProgram(main);
