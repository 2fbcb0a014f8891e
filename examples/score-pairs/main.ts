/**
 * Scores preference pairs with a policy and a reference that run on ONNX Runtime, without TensorFlow.js. `--help` lists the options.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Pair } from 'prefloss/core';
import { encodePairs, parseJsonl, validationSplit, type EncodedPair } from 'prefloss/data';
import { makeFolder, writeWhole } from '../shared/files.js';
import { run } from '../shared/usageError.js';
import { fit } from './fit.js';
import { onnxModel } from './model.js';
import { HELP, parseOptions } from './options.js';
import { plotMargins } from './plot.js';
import { printMeans, printPairs, type Row } from './report.js';
import { scorePairs } from './score.js';
import { loadModel, type Model } from './session.js';
import { byteTokenizer } from './tokens.js';

const DATA = new URL('../data/hh-rlhf-sample.jsonl', import.meta.url);

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (!options) {
    console.log(HELP);
    return;
  }
  const { seed, validation } = options;
  const out = options.out ?? fileURLToPath(new URL('out', import.meta.url));
  makeFolder(out);

  const rows = parseJsonl(readFileSync(DATA, 'utf8'), { name: 'hh-rlhf-sample.jsonl' }) as Row[];
  const split = validationSplit(encodePairs(rows, byteTokenizer).pairs, { validation, seed, groupBy: ({ row }) => rows[row]!.prompt });

  // The reference learns both answers alike. The policy learns the chosen ones more.
  const reference = await makeModel(join(out, 'reference'), split.train, { chosen: 1, rejected: 1 });
  const policy = await makeModel(join(out, 'policy'), split.train, { chosen: 1.5, rejected: 0.5 });

  const score = (pairs: readonly EncodedPair[]) => scorePairs(pairs, { policy, reference }, options);
  const splits = { train: await score(split.train), validation: await score(split.validation) };
  printPairs(splits, rows);
  printMeans(splits);

  const lines = Object.entries(splits).flatMap(([on, { scores }]) => scores.map((pair) => `${JSON.stringify({ on, ...pair })}\n`));
  writeWhole(join(out, 'scores.jsonl'), lines.join(''));
  writeWhole(join(out, 'plot.svg'), await plotMargins(splits));
  console.log(
    `\n${['plot.svg', 'scores.jsonl', 'policy', 'reference'].map((name) => relative(process.cwd(), join(out, name))).join(', ')}`,
  );
}

/** Fits a model to pairs, writes it in the folders that transformers.js expects, and loads it. */
async function makeModel(folder: string, pairs: readonly EncodedPair[], weights: Pair<number>): Promise<Model> {
  const file = onnxModel(fit(pairs, weights));
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeWhole(join(folder, 'onnx', 'model.onnx'), file);
  writeWhole(join(folder, 'config.json'), `${JSON.stringify({ model_type: 'gpt2' })}\n`);
  return loadModel(file);
}

await run(main);
