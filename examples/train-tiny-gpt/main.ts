/**
 * Fine-tunes a tiny GPT on preference pairs: first on the chosen answers, then with a preference loss against a frozen
 * copy of itself. Run it with `--help` to see what can be changed.
 */
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBackend } from './backend.js';
import { bytesOf, loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import { readDataset, type Dataset } from './data.js';
import { writeWhole } from './files.js';
import { MetricsLog } from './metricsLog.js';
import { TinyGpt } from './model.js';
import { preference, supervised, type Objective } from './objectives.js';
import { HELP, parseOptions, type Options } from './options.js';
import { plotRun } from './plot.js';
import { progressOf } from './progress.js';
import { evaluate, train, type Metrics } from './train.js';
import { UsageError } from './usageError.js';

const SIZES = { maxLength: 64, width: 64, heads: 4, blocks: 2 };
const VALIDATION_PAIRS = 12;
const SFT_LEARNING_RATE = 1e-3;
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

  const data = readDataset(new URL('data/hh-rlhf-sample.jsonl', import.meta.url), { ...SIZES, validationPairs: VALIDATION_PAIRS, seed });
  const policy = TinyGpt.create({ ...SIZES, vocabularySize: data.vocabularySize }, seed);
  const log = new MetricsLog(join(out, 'metrics.jsonl'));
  const weights = policy.variables.reduce((sum, v) => sum + v.size, 0);
  console.log(
    `${data.train.length} pairs to train on, ${data.validation.length} held out, ${data.vocabularySize} token ids; ${weights} weights; ${options.backend}`,
  );

  const stepsOf = (epochs: number): number => epochs * Math.ceil(data.train.length / batchSize);
  const run = (phase: string, objective: Objective, steps: number, learningRate: number) =>
    runPhase({ phase, objective, steps, learningRate, policy, data, log, options });

  // The reference of DPO is the model after supervised fine-tuning (Rafailov et al. 2023, section 4).
  await run('sft', supervised(policy), stepsOf(options.sftEpochs), SFT_LEARNING_RATE);
  const reference = policy.frozen();
  const before = await bytesOf(policy);

  const objective = preference(loss, { policy, reference, beta: options.beta });
  await run(loss, objective, options.steps ?? stepsOf(options.epochs), options.lr);
  if (!(await bytesOf(reference)).equals(before)) throw new Error('the reference has changed');
  if ((await bytesOf(policy)).equals(before)) throw new Error('the policy has not changed');

  await saveCheckpoint(out, policy);
  const reloaded = preference(loss, { policy: loadCheckpoint(out), reference, beta: options.beta });
  const again = await evaluate(reloaded, data.validation, batchSize);
  if (JSON.stringify(again) !== JSON.stringify(log.at('last', loss, 'validation')))
    throw new Error('the checkpoint gives other numbers than the model');

  writeWhole(
    join(out, 'plot.svg'),
    await plotRun(log.records, { loss, title: `A tiny GPT on ${data.train.length} preference pairs: ${loss.toUpperCase()}, seed ${seed}` }),
  );
  report(options, log, out, (performance.now() - started) / 1000);
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new UsageError(`--out is "${path}", expected a folder that can be written to: ${(error as Error).message}`);
  }
}

interface Phase {
  readonly phase: string;
  readonly objective: Objective;
  readonly steps: number;
  readonly learningRate: number;
  readonly policy: TinyGpt;
  readonly data: Dataset;
  readonly log: MetricsLog;
  readonly options: Options;
}

/** Trains with one objective; shows and logs it as it goes. */
async function runPhase({ phase, objective, steps, learningRate, policy, data, log, options }: Phase): Promise<void> {
  const { batchSize, seed } = options;
  const progress = progressOf(phase, steps);
  const measure = async (on: 'train' | 'validation', step: number): Promise<Metrics> => {
    const metrics = await evaluate(objective, data[on], batchSize);
    log.add({ phase, on, step, metrics });
    return metrics;
  };
  try {
    await train({
      model: policy,
      objective,
      pairs: data.train,
      steps,
      batchSize,
      learningRate,
      seed,
      evaluateEvery: EVALUATE_EVERY,
      onBatch: (step, metrics) => {
        log.add({ phase, on: 'batch', step, metrics });
        progress.batch(step, metrics);
      },
      onEvaluation: async (step) => {
        const onTrain = await measure('train', step);
        const onValidation = await measure('validation', step);
        if (phase === 'dpo' && step === 0) checkStart(onTrain);
        progress.evaluation(step, onTrain, onValidation);
      },
    });
  } finally {
    progress.stop();
  }
}

/** Before the first update, policy and reference are the same model, so every margin is 0 and every DPO loss is ln 2. */
function checkStart({ loss }: Metrics): void {
  if (!(Math.abs(loss! - Math.LN2) < 1e-6)) throw new Error(`the first DPO loss is ${String(loss)}, expected ln 2`);
}

/** Says what the model has learned, where it can be seen, and what was checked on the way. */
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
    loss === 'orpo' ? 'ORPO uses no reference' : 'the reference is the same to the last bit',
    'no step left a tensor behind',
    'the checkpoint, loaded again, gives the same numbers',
  ].join('; ')}.
A few dozen pairs teach a tiny model these pairs by heart; do not expect the held-out ones to follow.

  plot        ${path('plot.svg')}
  metrics     ${path('metrics.jsonl')}
  checkpoint  ${path('checkpoint.json')}, ${path('checkpoint.bin')}

${seconds.toFixed(0)} s`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
