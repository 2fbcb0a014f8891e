import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { gatherJson } from './exchange.js';
import { SharedError } from './job.js';
import type { Workers } from './workers/workers.js';

/** What every worker must have alike. */
type Alike = Readonly<Record<string, string | number | boolean | undefined>>;

/** Stops the job if a worker has anything else than worker 0: it would train something else, and the sums would mean nothing. */
export async function agree(workers: Workers, alike: Alike): Promise<void> {
  const [first, ...others] = await gatherJson(workers, alike);
  const textOf = (value: Alike[string]): string => (value === undefined ? 'not given' : String(value));
  for (const [i, other] of others.entries()) {
    const names = Object.keys({ ...first, ...other }).filter((name) => other[name] !== first![name]);
    if (names.length === 0) continue;
    const differences = names.map((name) => `${name} is ${textOf(other[name])}, expected ${textOf(first![name])}`);
    throw new SharedError(`worker ${i + 1} differs from worker 0: ${differences.join('; ')}`);
  }
}

/** Stops the job if the weights of the workers have drifted apart. */
export async function agreeOnWeights(workers: Workers, variables: readonly tf.Variable[], step: number): Promise<void> {
  const hash = createHash('sha256');
  for (const variable of variables) hash.update(Float32Array.from(await variable.data()));
  const all = await gatherJson(workers, hash.digest('hex'));
  const other = all.findIndex((one) => one !== all[0]);
  if (other !== -1) throw new SharedError(`after ${step} updates, the weights of worker ${other} are not those of worker 0`);
}

/**
 * The version of the program: a hash of the sources of the example and, in a clone, of the library, and the versions of the library,
 * TensorFlow.js and Node.js.
 */
export function versionOfCode(): string {
  const require = createRequire(import.meta.url);
  const library = require.resolve('prefloss/package.json');
  const { version } = require(library) as { readonly version: string };
  const folders = ['.', 'workers', '../shared', '../train-tiny-gpt'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const src = join(dirname(library), 'src'); // not in an installed package, whose version says what it is
  const files = [...folders.flatMap((folder) => sourcesIn(folder)), ...(existsSync(src) ? sourcesIn(src, true) : [])];
  return `${hashOf(JSON.stringify(files))} with prefloss ${version}, TensorFlow.js ${tf.version_core}, Node.js ${process.version}`;
}

const sourcesIn = (folder: string, recursive = false): string[] =>
  readdirSync(folder, { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));

/** The first digits of the SHA-256 of a text. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
