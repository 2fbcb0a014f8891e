// Runs the golden tests on every engine and writes the largest errors that they measured to docs/accuracy.md:
// `npm run accuracy`. The tests assert the bounds; this shows how far from them each loss stays.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { startVitest, type Reporter, type TestModule } from 'vitest/node';
import { table, withPart } from '../markdown.js';
import { plotted } from './plotted.js';

const ENGINES = ['arrays', 'cpu', 'wasm', 'tfjs-node', 'webgpu', 'browser-webgpu', 'browser-webgl'];
const page = fileURLToPath(new URL('../../docs/accuracy.md', import.meta.url));

type Errors = Record<string, Record<string, { forward: number; backward: number }>>;

/** Keeps the largest errors of each function on each engine. */
class Largest implements Reporter {
  readonly errors: Errors = {};

  onTestModuleEnd(module: TestModule): void {
    for (const test of module.children.allTests()) {
      const { accuracy } = test.meta();
      if (!accuracy) continue;
      // A project in a browser is called by its browser, too.
      const engine = ENGINES.find((name) => module.project.name.split(' ')[0] === name)!;
      const before = ((this.errors[accuracy.name] ??= {})[engine] ??= { forward: 0, backward: 0 });
      before.forward = Math.max(before.forward, accuracy.forward);
      before.backward = Math.max(before.backward, accuracy.backward);
    }
  }
}

const largest = new Largest();
const vitest = await startVitest('test', ['test/losses/goldens.test.ts', 'test/logprobs/tokenLogProbs.test.ts'], {
  watch: false,
  project: ENGINES,
  reporters: ['default', largest],
});
await vitest.close();

const engines = ENGINES.filter((engine) => Object.values(largest.errors).some((row) => row[engine]));
const shown = (x: number | undefined): string => (x === undefined ? '' : x === 0 ? '0' : x.toExponential(1));
const errors = table([
  ['function', ...engines.flatMap((engine) => [engine, ''])],
  ['---', ...engines.flatMap(() => ['--:', '--:'])],
  ['', ...engines.flatMap(() => ['value', 'gradient'])],
  ...Object.entries(largest.errors).map(([name, own]) => [
    name in plotted ? `[\`${name}\`](losses/${name}.md)` : `\`${name}\``,
    ...engines.flatMap((e) => [shown(own[e]?.forward), e === 'arrays' ? '' : shown(own[e]?.backward)]),
  ]),
]);
const text = withPart(readFileSync(page, 'utf8'), 'npm run accuracy writes this', `\n\n${errors}\n\n`);
writeFileSync(page, await format(text, { ...(await resolveConfig(page)), parser: 'markdown' }));
console.log(`${Object.keys(largest.errors).length} functions on ${engines.length} engines`);
if (process.exitCode) throw new Error('a test failed: see above');
