import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  attachReference,
  attachReferenceRow,
  batchesOf,
  collateUnpaired,
  mergeByRow,
  parseJsonl,
  precomputeReference,
  referenceRow,
  type MismatchedExample,
  type ReferenceLogps,
  type ReferenceRow,
  type WithReference,
} from 'prefloss';
import { UsageError } from '../shared/usageError.js';
import { PADDING, type TrainingPair } from '../train-tiny-gpt/data.js';
import type { TinyGpt } from '../train-tiny-gpt/model.js';
import { fromFirst, gatherJson } from './exchange.js';
import { SharedError } from './job.js';
import { logProbs, type Row } from './model.js';
import { appendRows, cutLastLine, readRows, writeRows } from './referenceFiles.js';
import type { Workers } from './workers/workers.js';

/** Where and how the log-probs of the reference are computed. */
export interface ReferenceSetup {
  readonly workers: Workers;
  /** The model that is the reference. */
  readonly reference: TinyGpt;
  readonly batchSize: number;
  /** Folder of `reference.jsonl`, which worker 0 writes, and of a file for each worker until then. */
  readonly folder: string;
}

/** Removes the log-probs of earlier runs, on any number of workers: they may be those of another model. */
export function forgetReference(folder: string): void {
  rmSync(fileOfAll(folder), { force: true });
  removeParts(folder);
}

/**
 * Computes the log-probs of the reference once, each worker those of its share of the rows, and gives all of them to all workers. A run that
 * was killed continues where each worker was. Stops the job if stored log-probs belong to other data.
 */
export async function withReference(pairs: readonly TrainingPair[], setup: ReferenceSetup): Promise<Row[]> {
  // A pair has two answers, each an example with a row of its own.
  const examples = pairs.flatMap(({ row, examples: { chosen, rejected } }) => [
    { ...chosen, row: 2 * row },
    { ...rejected, row: 2 * row + 1 },
  ]);
  const path = fileOfAll(setup.folder);
  const stored = await fromFirst(setup.workers, setup.workers.rank === 0 && existsSync(path) ? readFileSync(path) : new Uint8Array());
  const rows = stored.length > 0 ? parse(path, stored) : await compute(examples, setup);
  const rowOf = new Map(rows.map((row) => [row.row, row]));
  const attached = attach(path, SharedError, examples, (example) => rowOf.get(example.row));
  return pairs.map((pair, i) => {
    const [chosen, rejected] = [attached[2 * i]!, attached[2 * i + 1]!];
    return { ...pair, reference: { chosen: chosen.reference, rejected: rejected.reference }, examples: { chosen, rejected } };
  });
}

const fileOfAll = (folder: string): string => join(folder, 'reference.jsonl');
const fileOf = ({ rank, size }: Workers, folder: string): string => join(folder, `reference-${rank}-of-${size}.jsonl`);
const removeParts = (folder: string): void => {
  for (const name of readdirSync(folder)) if (/^reference-\d+-of-\d+\.jsonl$/.test(name)) rmSync(join(folder, name), { force: true });
};
const parse = (name: string, bytes: Uint8Array): ReferenceRow[] => parseJsonl(new TextDecoder().decode(bytes), { name }) as ReferenceRow[];

/** Computes the log-probs of all examples, each worker its share, and writes them to one file. */
async function compute(examples: readonly MismatchedExample[], setup: ReferenceSetup): Promise<ReferenceRow[]> {
  const { workers, reference, batchSize, folder } = setup;
  const own = examples.filter(({ row }) => Math.floor(row / 2) % workers.size === workers.rank).sort((a, b) => a.row - b.row);
  const path = fileOf(workers, folder);
  cutLastLine(path);
  const done: ReferenceRow[] = [];
  for await (const row of readRows(path)) done.push(row);
  attach(path, UsageError, own.slice(0, done.length), (_, i) => done[i]);

  const batches = batchesOf(own.slice(done.length), { batchSize });
  const rowsOf = (i: number, results: ReferenceLogps): ReferenceRow[] => attachReference([batches[i]!], [results]).map(referenceRow);
  const results = await precomputeReference(
    batches,
    (batch) => {
      const { mismatched, ...completions } = collateUnpaired(batch, PADDING);
      return { completion: logProbs(reference, completions), mismatched: logProbs(reference, mismatched!) };
    },
    {
      onBatch: (soFar) => {
        appendRows(path, rowsOf(soFar.length - 1, soFar.at(-1)!));
      },
    },
  );
  const all = await gatherJson(workers, [...done, ...results.flatMap((result, i) => rowsOf(i, result))]);
  if (workers.rank === 0) await writeRows(fileOfAll(folder), mergeByRow(all));
  await gatherJson(workers, null); // the parts are needed until the whole is written
  removeParts(folder);
  return all.flat();
}

/** Attaches stored rows to examples, or stops with an error that names the file. */
function attach<Example extends MismatchedExample>(
  path: string,
  Failure: typeof UsageError,
  examples: readonly Example[],
  rowOf: (example: Example, i: number) => ReferenceRow | undefined,
): WithReference<Example>[] {
  return examples.map((example, i) => {
    try {
      return attachReferenceRow(example, rowOf(example, i));
    } catch (error) {
      throw new Failure((error as Error).message.replace('attachReferenceRow', path));
    }
  });
}
