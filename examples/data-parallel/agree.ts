import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { gatherJson } from './exchange.js';
import { SharedError } from './job.js';
import type { Workers } from './workers/workers.js';

/** What every worker must have alike, each as a text. */
type Alike = Readonly<Record<string, string>>;

/** Stops the job if a worker has anything else than worker 0: it would train something else, and the sums would mean nothing. */
export async function agree(workers: Workers, alike: Alike): Promise<void> {
  const all = await gatherJson(
    workers,
    Object.fromEntries(Object.entries(alike).map(([name, text]) => [name, [text.slice(0, 80), hashOf(text)]])),
  );
  const [first, ...others] = all;
  others.forEach((other, i) => {
    const names = Object.keys(alike).filter((name) => other[name]![1] !== first![name]![1]);
    if (names.length === 0) return;
    const differences = names.map((name) => `${name} ${other[name]![0]} (worker 0: ${first![name]![0]})`);
    throw new SharedError(`worker ${i + 1} differs from worker 0: ${differences.join(', ')}`);
  });
}

/** Stops the job if the weights have drifted apart, which a different order of the sums could do. */
export async function agreeOnWeights(workers: Workers, variables: readonly tf.Variable[], step: number): Promise<void> {
  const hash = createHash('sha256');
  for (const variable of variables) hash.update(Float32Array.from(await variable.data()));
  const all = await gatherJson(workers, hash.digest('hex'));
  const other = all.findIndex((one) => one !== all[0]);
  if (other !== -1) throw new SharedError(`after ${step} updates, the weights of worker ${other} are not those of worker 0`);
}

/** The version of the program: its sources, the library, TensorFlow.js and Node.js. */
export function versionOfCode(): string {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.startsWith('out'),
  );
  const { version } = createRequire(import.meta.url)('prefloss/package.json') as { readonly version: string };
  const code = sources
    .sort()
    .map((path) => readFileSync(`${folder}/${path}`, 'utf8'))
    .join('\n');
  return `${hashOf(code).slice(0, 12)}, prefloss ${version}, TensorFlow.js ${tf.version_core}, Node.js ${process.version}`;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
