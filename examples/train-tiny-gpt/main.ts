/**
 * Fine-tunes a tiny GPT on preference pairs: first on the chosen answers, then with a preference loss against a frozen
 * copy of itself. `--help` lists the options.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { AdamW, loadCheckpoint, saveCheckpoint } from '../../src/index.js';
import { startBackend } from '../shared/backend.js';
import { makeFolder, writeWhole } from '../shared/files.js';
import { MetricsLog, type Metrics } from '../shared/metricsLog.js';
import { plotRun } from '../shared/plot.js';
import { progressOf } from '../shared/progress.js';
import { evaluate, train } from '../shared/train.js';
import { run } from '../shared/usageError.js';
import { readDataset, type Dataset } from './data.js';
import { TinyGpt } from './model.js';
import { preference, supervised, type Objective } from './objectives.js';
import { HELP, parseOptions, type Options } from './options.js';

const SIZES = { maxLength: 96, width: 64, heads: 4, blocks: 2 };
const VALIDATION_PAIRS = 12;
const SFT_LEARNING_RATE = 1e-3;
const MAX_NORM = 1;
const EVALUATE_EVERY = 10;

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (!options) {
    console.log(HELP);
    return;
  }
  const started = performance.now();
  await startBackend(options.backend);
  const { loss, seed, batchSize } = options;
  const out = options.out ?? fileURLToPath(new URL(`out/${loss}`, import.meta.url));
  makeFolder(out);

  const data = readDataset(new URL('../data/hh-rlhf-sample.jsonl', import.meta.url), { ...SIZES, validationPairs: VALIDATION_PAIRS, seed });
  const policy = TinyGpt.create({ ...SIZES, vocabularySize: data.vocabularySize }, seed);
  const log = await MetricsLog.open({ folder: out, backend: options.backend });
  const weights = policy.variables.reduce((sum, v) => sum + v.size, 0);
  console.log(
    `${data.train.length} training pairs, ${data.validation.length} held out, ${data.dropped} dropped; ${data.vocabularySize} token ids; ${weights} weights; ${options.backend}`,
  );

  const stepsOf = (epochs: number): number => epochs * Math.ceil(data.train.length / batchSize);
  const phase = (name: string, objective: Objective, steps: number, learningRate: number) =>
    runPhase({ name, objective, steps, learningRate, policy, data, log, options });

  // The reference of DPO is the model after supervised fine-tuning (Rafailov et al. 2023, section 4).
  await phase('sft', supervised(policy), stepsOf(options.sftEpochs), SFT_LEARNING_RATE);
  const reference = policy.frozen();
  const before = await valuesOf(policy);

  const objective = preference(loss, { policy, reference, beta: options.beta });
  await phase(loss, objective, options.steps ?? stepsOf(options.epochs), options.lr);
  if (!isDeepStrictEqual(await valuesOf(reference), before)) throw new Error('the reference has changed');
  if (isDeepStrictEqual(await valuesOf(policy), before)) throw new Error('the policy has not changed');

  const checkpoint = join(out, 'checkpoint.safetensors');
  writeWhole(checkpoint, await saveCheckpoint({ policy: policy.variables }));
  const reloaded = TinyGpt.create(policy.config, seed);
  await loadCheckpoint(readFileSync(checkpoint), { policy: reloaded.variables });
  const again = await evaluate(preference(loss, { policy: reloaded, reference, beta: options.beta }), data.validation, batchSize);
  if (!isDeepStrictEqual(again, log.at('last', loss, 'validation'))) throw new Error('the reloaded checkpoint gives other metrics');

  writeWhole(
    join(out, 'plot.svg'),
    await plotRun(log.records, { loss, title: `A tiny GPT on ${data.train.length} preference pairs: ${loss.toUpperCase()}, seed ${seed}` }),
  );
  report(options, log, out, (performance.now() - started) / 1000);
}

const valuesOf = ({ variables }: TinyGpt) => Promise.all(variables.map((v) => v.data()));

interface Phase {
  readonly name: string;
  readonly objective: Objective;
  readonly steps: number;
  readonly learningRate: number;
  readonly policy: TinyGpt;
  readonly data: Dataset;
  readonly log: MetricsLog;
  readonly options: Options;
}

/** Trains with one objective, with a progress display and a log. */
async function runPhase({ name, objective, steps, learningRate, policy, data, log, options }: Phase): Promise<void> {
  const { batchSize, seed } = options;
  const optimizer = new AdamW({ beta2: 0.99, weightDecay: 0 });
  const progress = progressOf(name, steps);
  const measure = async (on: 'train' | 'validation', step: number): Promise<Metrics> => {
    const metrics = await evaluate(objective, data[on], batchSize);
    log.add({ phase: name, on, step, metrics });
    return metrics;
  };
  try {
    await train({
      variables: policy.variables,
      objective,
      optimizer,
      items: data.train,
      batchSize,
      seed,
      steps,
      rate: () => learningRate,
      maxNorm: MAX_NORM,
      evaluateEvery: EVALUATE_EVERY,
      onBatch: (step, metrics) => {
        log.add({ phase: name, on: 'batch', step, metrics });
        progress.batch(step, metrics);
      },
      onEvaluation: async (step) => {
        const onTrain = await measure('train', step);
        const onValidation = await measure('validation', step);
        if (name === 'dpo' && step === 0) checkStart(onTrain);
        progress.evaluation(step, onTrain, onValidation);
      },
    });
  } finally {
    progress.stop();
    optimizer.dispose();
  }
}

/** Checks the first DPO loss: policy and reference are still the same model, so every margin is 0 and every loss is ln 2. */
function checkStart({ loss }: Metrics): void {
  if (!(Math.abs(loss! - Math.LN2) < 1e-6)) throw new Error(`the first DPO loss is ${String(loss)}, expected ln 2`);
}

/** Prints what the model has learned, which checks have passed, and where the results are. */
function report({ loss }: Options, log: MetricsLog, out: string, seconds: number): void {
  const rows: (readonly [string, string, string, (x: number) => string])[] = [
    ['fine-tuning loss, nats per token', 'sft', 'loss', (x) => x.toFixed(3)],
    [`${loss.toUpperCase()} loss`, loss, 'loss', (x) => x.toFixed(4)],
    ['reward margin', loss, 'rewards/margins', (x) => x.toFixed(3)],
    ['reward accuracy', loss, 'rewards/accuracies', (x) => `${(100 * x).toFixed(0)} %`],
  ];
  const cells = rows.map(([title, phase, metric, format]) => {
    const change = (on: 'train' | 'validation'): string =>
      (['first', 'last'] as const)
        .map((end) => log.at(end, phase, on)[metric])
        .map((x) => (x === undefined ? '-' : format(x)))
        .join(' -> ');
    return `  ${title.padEnd(34)}${change('train').padEnd(22)}${change('validation')}`;
  });
  const path = (name: string): string => relative(process.cwd(), join(out, name));
  console.log(`
What it learned (before -> after)
  ${''.padEnd(34)}${'train'.padEnd(22)}held out
${cells.join('\n')}

Checked: ${[
    ...(loss === 'dpo' ? ['the first DPO loss is ln 2'] : []),
    ...(loss === 'orpo' ? [] : ['the reference is the same to the last bit']),
    'no step left a tensor behind',
    'the reloaded checkpoint gives the same metrics',
  ].join('; ')}.
A tiny model memorizes a few dozen pairs; do not expect the held-out metrics to improve.

  plot        ${path('plot.svg')}
  metrics     ${path('metrics.jsonl')}
  checkpoint  ${path('checkpoint.safetensors')}

${seconds.toFixed(0)} s`);
}

await run(main);
