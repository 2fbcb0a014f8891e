/**
 * Measures what log-probs of a million rows take, without a model: pairs and three shards of their references are written to a temporary
 * folder; then a new process merges the shards into one file, reads it beside the pairs, compares the hashes and attaches the log-probs.
 * Writes bench/results/references.json.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { EncodedPair } from 'prefloss/data';
import { environment } from './environment.js';

// The built package, as in built.ts, but without TensorFlow.js.
const built = (await import(new URL('../dist/data.js', import.meta.url).href)) as typeof import('../src/data/index.js');
const { attachReferenceRow, mergeByRow, parseJsonlStream, referenceRow } = built;

const ROWS = 1_000_000;
const SHARDS = 3;
const BLOCK = 1 << 16;
const MAX_SECONDS = 60;
const MAX_MB = 300;

/** Sequences of 24 to 39 tokens: 16 of the prompt, and the completion. */
function pairOf(row: number): EncodedPair {
  const side = (salt: number) => {
    const length = 24 + ((row * 7 + salt) % 16);
    const tokens = Array.from({ length }, (_, t) => Math.abs(Math.imul(row + (t < 16 ? 0 : salt), 2654435761) ^ (t * 40503)) % 50_000);
    return { tokens, mask: tokens.map((_, t) => Number(t >= 16)) };
  };
  return { row, chosen: side(1), rejected: side(2) };
}

const referenceOf = ({ row }: EncodedPair) => ({ chosen: -Math.log(2 + row), rejected: -Math.sqrt(1 + row) });

function* pairs(shard?: number): Generator<EncodedPair> {
  for (let row = shard ?? 0; row < ROWS; row += shard === undefined ? 1 : SHARDS) yield pairOf(row);
}

/** Writes one value per line, in blocks. */
async function writeLines(file: string, values: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
  async function* blocks() {
    let block = '';
    for await (const value of values) {
      block += `${JSON.stringify(value)}\n`;
      if (block.length < BLOCK) continue;
      yield block;
      block = '';
    }
    yield block;
  }
  await pipeline(blocks, createWriteStream(file));
}

function* references(shard: number) {
  for (const pair of pairs(shard)) yield referenceRow({ ...pair, reference: referenceOf(pair) });
}

/** The times of this process in seconds, and its peak of resident memory. */
interface Measured {
  readonly mergeSeconds: number;
  readonly attachSeconds: number;
  readonly peakMB: number;
}

async function measure(folder: string): Promise<Measured> {
  const read = (name: string) => parseJsonlStream(createReadStream(join(folder, name)), { name });
  const start = performance.now();
  await writeLines(join(folder, 'merged.jsonl'), mergeByRow(Array.from({ length: SHARDS }, (_, shard) => read(`${shard}.jsonl`))));
  const between = performance.now();
  const rows = read('merged.jsonl');
  let count = 0;
  for await (const pair of read('pairs.jsonl') as AsyncIterable<EncodedPair>) {
    const { reference } = attachReferenceRow(pair, (await rows.next()).value);
    const expected = referenceOf(pair);
    if (reference.chosen !== expected.chosen || reference.rejected !== expected.rejected)
      throw new Error(`row ${pair.row} has other log-probs`);
    count++;
  }
  const end = performance.now();
  if (count !== ROWS || !(await rows.next()).done) throw new Error(`${count} rows, expected ${ROWS}`);
  // maxRSS is in KiB.
  const peakMB = (1024 * process.resourceUsage().maxRSS) / 1e6;
  return { mergeSeconds: (between - start) / 1000, attachSeconds: (end - between) / 1000, peakMB };
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'prefloss-references-'));
  try {
    await writeLines(join(folder, 'pairs.jsonl'), pairs());
    for (let shard = 0; shard < SHARDS; shard++) await writeLines(join(folder, `${shard}.jsonl`), references(shard));
    const worker = spawnSync(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), folder], { encoding: 'utf8' });
    if (worker.status !== 0) throw new Error(worker.stderr);
    const measured = JSON.parse(worker.stdout) as Measured;
    const megabytes = (name: string) => Math.round(statSync(join(folder, name)).size / 1e6);
    const result = { environment: environment({}), rows: ROWS, shards: SHARDS, pairsMB: megabytes('pairs.jsonl'), referencesMB: megabytes('merged.jsonl'), ...measured }; // prettier-ignore
    writeFileSync(new URL('results/references.json', import.meta.url), `${JSON.stringify(result, undefined, 2)}\n`);
    const { mergeSeconds, attachSeconds, peakMB } = measured;
    console.log(`${ROWS} rows: merged in ${mergeSeconds.toFixed(1)} s, attached in ${attachSeconds.toFixed(1)} s, with at most ${peakMB.toFixed(0)} MB resident`); // prettier-ignore
    if (mergeSeconds + attachSeconds > MAX_SECONDS || peakMB > MAX_MB) {
      console.error(`expected at most ${MAX_SECONDS} s and ${MAX_MB} MB`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const folder = process.argv[2];
if (folder === undefined) await main();
else console.log(JSON.stringify(await measure(folder)));
