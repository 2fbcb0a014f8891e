/**
 * Aligns SmolLM2-135M-Instruct with DPO and LoRA on real preference pairs. Run it with `--help` to see what can be changed.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AdamW,
  cosineSchedule,
  encodePairs,
  loadCheckpoint,
  parseJsonl,
  saveCheckpoint,
  validationSplit,
  type Message,
} from '../../src/index.js';
import { startBackend } from '../train-tiny-gpt/backend.js';
import { writeWhole } from '../train-tiny-gpt/files.js';
import type { MetricsRecord } from '../train-tiny-gpt/metricsLog.js';
import { plotRun } from '../train-tiny-gpt/plot.js';
import { progressOf } from '../train-tiny-gpt/progress.js';
import { UsageError } from '../train-tiny-gpt/usageError.js';
import { answer } from './answer.js';
import { openGguf } from './gguf.js';
import { Llama } from './llama.js';
import { openLog } from './log.js';
import { newAdapters } from './lora.js';
import { HELP, parseOptions } from './options.js';
import { tokenizerOf } from './tokenizer.js';
import { Dpo } from './train.js';

const WEIGHTS = fileURLToPath(new URL('weights/SmolLM2-135M-Instruct.Q4_1.gguf', import.meta.url));
const DATA = new URL('../train-tiny-gpt/data/hh-rlhf-sample.jsonl', import.meta.url);
const SCALE = 2;
const EVALUATE_EVERY = 10;
const MAX_NORM = 1;
const WARMUP = 0.1;

interface Row {
  readonly prompt: readonly Message[];
}

async function main(args: string[]): Promise<void> {
  const options = parseOptions(args);
  if (!options) {
    console.log(HELP);
    return;
  }
  if (!existsSync(WEIGHTS)) throw new UsageError('The weights are not there: run node examples/smollm2/get-weights.mjs');
  const { backend, seed, batchSize, maxLength } = options;
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  await startBackend(backend);
  const out = options.out ?? fileURLToPath(new URL('out', import.meta.url));
  mkdirSync(out, { recursive: true });

  const file = await openGguf(WEIGHTS);
  const chat = tokenizerOf(file.metadata);
  const rows = parseJsonl(readFileSync(DATA, 'utf8'), 'hh-rlhf-sample.jsonl') as Row[];
  const { pairs, dropped } = encodePairs(rows, chat, { maxLength, truncation: 'keepEnd' });
  const { train, validation } = validationSplit(pairs, {
    validation: options.validation,
    seed,
    groupBy: ({ row }) => JSON.stringify(rows[row]!.prompt),
  });
  const model = new Llama(file.config, file.weights());
  const adapters = newAdapters(model.shapes('attn_q', 'attn_v'), options.rank, SCALE);
  const aligned = new Dpo(model, adapters, chat.end);
  const trained = aligned.variables.reduce((sum, { size }) => sum + size, 0);
  console.log(
    `${train.length} pairs to train on, ${validation.length} held out, ${dropped.length} dropped; ${trained} weights of adapters; ${backend}; ${seconds()}`,
  );

  const asked = validation.slice(0, options.samples).map(({ row }) => rows[row]!.prompt);
  const before = await answers(model);
  const [trainPairs, heldOut] = [await aligned.withReference(train, batchSize), await aligned.withReference(validation, batchSize)];
  console.log(`log-probs of the reference; ${seconds()}`);

  const optimizer = new AdamW({ weightDecay: 0 });
  const checkpoint = join(out, 'checkpoint.safetensors');
  const parts = { policy: aligned.variables, optimizer };
  const from = options.resume ? ((await loadCheckpoint(readFileSync(checkpoint), parts)).step as number) : 0;
  const records: MetricsRecord[] = [];
  const write = await openLog(out, backend, options.resume);
  const log = (on: 'batch' | 'validation', step: number, metrics: Readonly<Record<string, number>>): void => {
    const record = { phase: 'dpo', on, step, metrics };
    records.push(record);
    write(record);
  };
  const schedule = cosineSchedule({ learningRate: options.lr, totalSteps: options.steps, warmupSteps: Math.ceil(WARMUP * options.steps) });
  const progress = progressOf('dpo', options.steps);
  try {
    await aligned.train({
      ...options,
      ...{ pairs: trainPairs, validation: heldOut, optimizer, from, evaluateEvery: EVALUATE_EVERY, maxNorm: MAX_NORM },
      // The schedule begins at 0, and a step at 0 would be lost.
      rate: (step) => schedule(step + 1),
      onBatch: (step, metrics) => {
        log('batch', step, metrics);
        progress.batch(step, metrics);
      },
      onEvaluation: async (step, metrics) => {
        log('validation', step, metrics);
        progress.evaluation(step, records.filter(({ on }) => on === 'batch').at(-1)?.metrics ?? {}, metrics);
        writeWhole(checkpoint, await saveCheckpoint(parts, { step }));
      },
    });
  } finally {
    progress.stop();
  }

  const title = `SmolLM2-135M-Instruct on ${train.length} preference pairs: DPO with LoRA, seed ${seed}`;
  writeWhole(join(out, 'plot.svg'), await plotRun(records, { loss: 'dpo', title }));
  const after = await answers(model, adapters);
  asked.forEach((prompt, i) => {
    console.log(`\n> ${prompt.at(-1)!.content}\n  before: ${before[i]!}\n  after:  ${after[i]!}`);
  });
  console.log(
    `\n${['plot.svg', 'checkpoint.safetensors'].map((name) => relative(process.cwd(), join(out, name))).join(', ')}; ${seconds()}`,
  );

  async function answers(...[llama, changed]: [Llama, typeof adapters?]): Promise<string[]> {
    const texts: string[] = [];
    for (const prompt of asked) texts.push(await answer(llama, chat, prompt, options!.sampleTokens, changed));
    return texts;
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
