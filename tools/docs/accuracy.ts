// Runs the tests that report errors on every engine, and writes the largest errors to tools/docs/accuracy.json, and docs/accuracy.md
// from them: `npm run accuracy`.
import { readFileSync, writeFileSync } from 'node:fs';
import { startVitest, type Reporter, type TestModule } from 'vitest/node';
import { losses } from '../../src/core.js';
import type { Largest } from '../../test/support/accuracy.js';
import { softwareGpu } from '../software-gpu.js';
import { MEASUREMENTS, MEASURES, PROJECTS, withAccuracy, type Errors, type Measurements } from './accuracyPage.js';

const TESTS = [
  'losses/goldens',
  'losses/klEstimate',
  'logprobs/tokenLogProbs',
  'logprobs/tokenStats',
  'logprobs/tokenKl',
  'logprobs/linearTokenLogProbs',
  'logprobs/linearTokenStats',
];
const PACKAGES = ['@tensorflow/tfjs', '@tensorflow/tfjs-node', 'webgpu', '@sparticuz/chromium'];
const root = new URL('../../', import.meta.url);

/** Keeps the largest errors of each function on each engine. */
class LargestErrors implements Reporter {
  readonly functions: Record<string, Record<string, Errors>> = {};

  onTestModuleEnd(module: TestModule): void {
    // The name of a project in a browser ends with that of the browser.
    const project = PROJECTS.find((name) => module.project.name.split(' ')[0] === name)!;
    for (const test of module.children.allTests())
      for (const accuracy of test.meta().accuracy ?? []) {
        const errors = ((this.functions[accuracy.name] ??= {})[project] ??= {});
        for (const measure of MEASURES) {
          const error = accuracy[measure];
          if (error) errors[measure] = larger(errors[measure], error);
        }
      }
  }
}

/** The larger of two errors, among the numbers of both. */
function larger(a: Largest | undefined, b: Largest): Largest {
  if (!a) return b;
  return { ...(b.error > a.error ? b : a), count: a.count + b.count };
}

const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, root), 'utf8')) as { version: string }).version;

function write(file: string, text: string): void {
  writeFileSync(new URL(file, root), text);
  console.log(`Written to ${file}`);
}

/** JSON with a line for each error. */
function textOf({ functions, ...rest }: Measurements): string {
  const json = (value: unknown): string =>
    JSON.stringify(value, (key, v: unknown) => (key === 'error' ? Number((v as number).toPrecision(3)) : v));
  const block = (indent: string, entries: readonly (readonly [string, string])[]): string =>
    `{\n${entries.map(([key, text]) => `${indent}${json(key)}: ${text}`).join(',\n')}\n${indent.slice(1)}}`;
  const ofProject = (errors: Errors) => block('    ', MEASURES.flatMap((m) => (errors[m] ? [[m, json(errors[m])] as const] : []))); // prettier-ignore
  const ofFunction = (all: Readonly<Record<string, Errors>>) =>
    block('   ', PROJECTS.flatMap((p) => (all[p] ? [[p, ofProject(all[p])] as const] : []))); // prettier-ignore
  const own = Object.entries(functions).map(([name, all]) => [name, ofFunction(all)] as const);
  const others = Object.entries(rest).map(([key, value]) => [key, json(value)] as const);
  return `${block(' ', [...others, ['functions', block('  ', own)]])}\n`;
}

const { functions } = await measured();
const others = Object.keys(functions).filter((name) => !(name in losses));
const names = [...Object.keys(losses), ...others.sort()];
const measurements: Measurements = {
  versions: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  isSoftwareGpu: (await softwareGpu()) !== undefined,
  functions: Object.fromEntries(names.map((name) => [name, functions[name]!])),
};
write(MEASUREMENTS, textOf(measurements));
write('docs/accuracy.md', withAccuracy());

async function measured(): Promise<LargestErrors> {
  const largest = new LargestErrors();
  const files = TESTS.map((name) => `test/${name}.test.ts`);
  const vitest = await startVitest('test', files, { watch: false, project: [...PROJECTS], reporters: ['default', largest] });
  await vitest.close();
  if (process.exitCode) throw new Error('a test failed: see above');
  return largest;
}
