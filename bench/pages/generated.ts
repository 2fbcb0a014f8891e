import { readdirSync, readFileSync } from 'node:fs';
import type { GpuResults } from '../gpu/results.js';
import type { Results } from '../results.js';
import { withPerformance } from './performance.js';
import { performancePlots } from './plots.js';
import type { ScaleResults } from '../scale/results.js';
import { withReadmeTable } from './readme.js';
import { withScale } from './scale.js';

const ROOT = new URL('../../', import.meta.url);
const FOLDER = 'bench/results/';

const text = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

/** Runs on GPUs, one file each. */
export function gpuResults(): readonly GpuResults[] {
  return readdirSync(new URL(FOLDER, ROOT))
    .filter((file) => /^gpu-.*\.json$/.test(file))
    .sort()
    .map((file) => JSON.parse(text(`${FOLDER}${file}`)) as GpuResults);
}

/** Every file that is generated from the results in `bench/results`: its text, by its path in the repository. */
export async function generatedFromResults(): Promise<ReadonlyMap<string, string>> {
  const gpus = gpuResults();
  const results = JSON.parse(text(`${FOLDER}latest.json`)) as Results;
  const scale = JSON.parse(text(`${FOLDER}scale.json`)) as ScaleResults;
  const files = new Map([
    ['README.md', withReadmeTable(text('README.md'), results, gpus)],
    ['docs/performance.md', withPerformance(text('docs/performance.md'), results, gpus)],
    ['docs/scale.md', withScale(text('docs/scale.md'), scale)],
  ]);
  for (const [name, svg] of await performancePlots(results)) files.set(`docs/plots/${name}`, svg);
  return files;
}
