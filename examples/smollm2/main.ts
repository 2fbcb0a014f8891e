/**
 * Aligns SmolLM2-135M-Instruct with DPO and LoRA on real preference pairs. `--help` lists the options.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  AdamW,
  cosineSchedule,
  earlyStopping,
  encodePairs,
  loadCheckpoint,
  parseJsonl,
  saveCheckpoint,
  validationSplit,
  type TemplateMessage,
} from 'prefloss';
import { loadNative, startBackend } from '../shared/backend.js';
import { makeFolder, writeWhole } from '../shared/files.js';
import { MetricsLog } from '../shared/metricsLog.js';
import { plotRun } from '../shared/plot.js';
import { progressOf } from '../shared/progress.js';
import { resume } from '../shared/resume.js';
import { evaluate, train } from '../shared/train.js';
import { run, UsageError } from '../shared/usageError.js';
import { answer } from './answer.js';
import { Dpo } from './dpo.js';
import { openGguf } from './gguf.js';
import { Llama } from './llama.js';
import { newAdapters } from './lora.js';
import { HELP, parseOptions } from './options.js';
import { tokenizerOf } from './tokenizer.js';

const WEIGHTS = fileURLToPath(new URL('weights/SmolLM2-135M-Instruct.Q4_1.gguf', import.meta.url));
const DATA = new URL('../data/hh-rlhf-sample.jsonl', import.meta.url);
const SCALE = 2;
const EVALUATE_EVERY = 10;
const MAX_NORM = 1;
const WARMUP = 0.1;

interface Row {
  readonly prompt: readonly TemplateMessage[];
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (!options) {
    console.log(HELP);
    return;
  }
  if (!existsSync(WEIGHTS)) throw new UsageError('The weights are missing: run node examples/smollm2/get-weights.mjs');
  const { seed, batchSize, maxLength, backend = (await loadNative()) ? 'tfjs-node' : 'wasm' } = options;
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(0)} s`;
  await startBackend(backend);
  const out = options.out ?? fileURLToPath(new URL('out', import.meta.url));
  makeFolder(out);

  const file = await openGguf(WEIGHTS);
  const chat = tokenizerOf(file.metadata);
  const rows = parseJsonl(readFileSync(DATA, 'utf8'), { name: 'hh-rlhf-sample.jsonl' }) as Row[];
  const encoded = encodePairs(rows, chat, { maxLength, truncation: 'keepEnd' });
  const split = validationSplit(encoded.pairs, {
    validation: options.validation,
    seed,
    groupBy: ({ row }) => rows[row]!.prompt,
  });
  const model = new Llama(file.config, file.weights());
  const adapters = newAdapters(model.shapes('attn_q', 'attn_v'), options.rank, SCALE);
  const aligned = new Dpo(model, adapters, chat.end);
  const trained = aligned.variables.reduce((sum, { size }) => sum + size, 0);
  console.log(
    `${split.train.length} training pairs, ${split.validation.length} held out, ${encoded.dropped.length} dropped; ${trained} adapter weights; ${backend}; ${seconds()}`,
  );

  const optimizer = new AdamW({ weightDecay: 0 });
  const [checkpoint, best] = ['checkpoint', 'best'].map((name) => join(out, `${name}.safetensors`)) as [string, string];
  const parts = { policy: aligned.variables, optimizer };
  const setup = { seed, validation: options.validation, 'max-length': maxLength, 'batch-size': batchSize };
  const resumed = options.resume ? await resume(checkpoint, parts, setup) : { step: 0 };
  if (!resumed) throw new UsageError(`--resume is set, but ${relative(process.cwd(), checkpoint)} does not exist`);
  const { step: from } = resumed;
  let { stopping } = resumed;
  if (from > options.steps) throw new UsageError(`--steps is ${options.steps}, but the checkpoint already has ${from} updates`);
  const log = await MetricsLog.open({ folder: out, backend, resume: options.resume });
  log.rewind('dpo', from);

  const asked = split.validation.slice(0, options.samples).map(({ row }) => rows[row]!.prompt);
  const before = await answers(model);
  if (asked.length > 0) console.log(`answers before training; ${seconds()}`);
  const [pairs, heldOut] = [await aligned.withReference(split.train, batchSize), await aligned.withReference(split.validation, batchSize)];
  console.log(`log-probs under the reference; ${seconds()}`);

  const schedule = cosineSchedule({ learningRate: options.lr, totalSteps: options.steps, warmupSteps: Math.ceil(WARMUP * options.steps) });
  const objective = aligned.objective(options.beta);
  const progress = progressOf('dpo', options.steps);
  try {
    await train({
      variables: aligned.variables,
      objective,
      optimizer,
      items: pairs,
      batchSize,
      seed,
      from,
      steps: options.steps,
      maxNorm: MAX_NORM,
      evaluateEvery: EVALUATE_EVERY,
      // The schedule starts at 0, and an update with learning rate 0 would be wasted.
      rate: (step) => schedule(step + 1),
      onBatch: (step, metrics) => {
        log.add({ phase: 'dpo', on: 'batch', step, metrics });
        progress.batch(step, metrics);
      },
      onEvaluation: async (step) => {
        const metrics = await evaluate(objective, heldOut, batchSize);
        log.add({ phase: 'dpo', on: 'validation', step, metrics });
        progress.evaluation(step, log.at('last', 'dpo', 'batch'), metrics);
        // The state before this evaluation, which a continued run repeats.
        writeWhole(checkpoint, await saveCheckpoint(parts, { step, ...setup, stopping }));
        stopping = earlyStopping(metrics, { metric: 'loss', mode: 'min', patience: options.patience, previous: stopping });
        if (stopping.improved) writeWhole(best, await saveCheckpoint({ policy: aligned.variables }, { step }));
        return stopping.shouldStop;
      },
    });
  } finally {
    progress.stop();
  }

  const title = `SmolLM2-135M-Instruct on ${split.train.length} preference pairs: DPO with LoRA, seed ${seed}`;
  writeWhole(join(out, 'plot.svg'), await plotRun(log.records, { loss: 'dpo', title }));
  await loadCheckpoint(readFileSync(best), { policy: aligned.variables });
  const after = await answers(model, adapters);
  asked.forEach((prompt, i) => {
    console.log(`\n> ${prompt.at(-1)!.content}\n  before: ${before[i]!}\n  after:  ${after[i]!}`);
  });
  console.log(
    `\n${['plot.svg', 'checkpoint.safetensors', 'best.safetensors'].map((name) => relative(process.cwd(), join(out, name))).join(', ')}; ${seconds()}`,
  );

  async function answers(...[llama, changed]: [Llama, typeof adapters?]): Promise<string[]> {
    const texts: string[] = [];
    for (const prompt of asked) texts.push(await answer(llama, chat, prompt, options!.sampleTokens, changed));
    return texts;
  }
}

await run(main);
