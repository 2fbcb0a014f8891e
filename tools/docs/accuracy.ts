// Runs the tests that report errors on every engine, and writes the largest errors to tools/docs/accuracy.json, and docs/accuracy.md
// from them: `npm run accuracy`.
import type { Reporter, TestModule } from 'vitest/node';
import { losses } from '../../src/core.js';
import type { Largest } from '../../test/support/accuracy.js';
import { MEASUREMENTS, MEASURES, withAccuracy, type Errors, type Measurements } from './accuracyPage.js';
import { jsonOf, projectOf, rounded, runTests, write } from './measured.js';
import { PROJECTS } from './projects.js';
import { software } from './software.js';

const TESTS = [
  'losses/goldens',
  'losses/klEstimate',
  'logprobs/tokenLogProbs',
  'logprobs/tokenStats',
  'logprobs/tokenDivergence',
  'logprobs/linearTokenLogProbs',
  'logprobs/linearTokenStats',
  'logprobs/linearTokenDivergence',
];
/** Keeps the largest errors of each function on each engine. */
class LargestErrors implements Reporter {
  readonly functions: Record<string, Record<string, Errors>> = {};

  onTestModuleEnd(module: TestModule): void {
    const project = projectOf(module);
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

/** The errors of a function, in the order of projects and measures, and rounded. */
const ordered = (all: Readonly<Record<string, Errors>>): Readonly<Record<string, Errors>> =>
  inOrder(PROJECTS, all, (errors) => inOrder(MEASURES, errors, (largest) => ({ ...largest, error: rounded(largest.error) })));

const inOrder = <T>(names: readonly string[], all: Readonly<Partial<Record<string, T>>>, f: (x: T) => T): Record<string, T> =>
  Object.fromEntries(names.flatMap((name) => (all[name] === undefined ? [] : [[name, f(all[name])]])));

const largest = new LargestErrors();
await runTests(
  TESTS.map((name) => `test/${name}.test.ts`),
  largest,
);
const { functions } = largest;
const others = Object.keys(functions).filter((name) => !(name in losses));
const names = [...Object.keys(losses), ...others.sort()];
const measurements: Measurements = {
  ...(await software()),
  functions: Object.fromEntries(names.map((name) => [name, ordered(functions[name]!)])),
};
write(MEASUREMENTS, `${jsonOf(measurements, 4)}\n`);
write('docs/accuracy.md', withAccuracy());
