import { readdirSync, readFileSync } from 'node:fs';
import type { GpuResults } from '../gpu/results.js';
import type { Results } from '../results.js';
import { withPerformance } from './performance.js';
import { performancePlots } from './plots.js';
import { withReadmeTable } from './readme.js';

const ROOT = new URL('../../', import.meta.url);
const FOLDER = 'bench/results/';

const text = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

/** Runs on a GPU, each in a file of its own. */
function gpuResults(): readonly GpuResults[] {
  return readdirSync(new URL(FOLDER, ROOT))
    .filter((file) => /^gpu-.*\.json$/.test(file))
    .sort()
    .map((file) => JSON.parse(text(`${FOLDER}${file}`)) as GpuResults);
}

/** What the results that lie in `bench/results` make of the docs: the text of each file, by its path in the repository. */
export async function generatedFromResults(): Promise<ReadonlyMap<string, string>> {
  const results = JSON.parse(text(`${FOLDER}latest.json`)) as Results;
  const files = new Map([
    ['README.md', withReadmeTable(text('README.md'), results)],
    ['docs/performance.md', withPerformance(text('docs/performance.md'), results, gpuResults())],
  ]);
  for (const [name, svg] of await performancePlots(results)) files.set(`docs/plots/${name}`, svg);
  return files;
}
