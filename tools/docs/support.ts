// Runs the tests of engines on every engine, and writes what they measure to tools/docs/support.json, and docs/support.md from it:
// `npm run support`.
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { environment } from '../../bench/environment.js';
import { machine } from '../../bench/format.js';
import { jsonOf, projectOf, rounded, runTests, write } from './measured.js';
import { PROJECTS, type Project } from './projects.js';
import { software } from './software.js';
import { SUPPORT, withSupport, type Skipped, type Support } from './supportPage.js';

/** Keeps the result of each check on each engine. */
class Results implements Reporter {
  readonly seconds: Partial<Record<Project, number>> = {};
  readonly skipped: Skipped[] = [];
  readonly checks: Record<string, Record<string, Partial<Record<Project, number | null>>>> = {};

  onTestModuleEnd(module: TestModule): void {
    const project = projectOf(module);
    this.seconds[project] = Math.round(module.diagnostic().duration / 1000);
    for (const test of module.children.allTests()) this.#add(project, test);
  }

  #add(project: Project, test: TestCase): void {
    if (test.parent.type !== 'suite') return;
    const { parent, name } = test;
    const result = test.result();
    if (result.state === 'skipped') this.skipped.push({ project, group: parent.name, name, reason: result.note ?? '' });
    const error = test.meta().conformance;
    if (error !== undefined) ((this.checks[parent.name] ??= {})[name] ??= {})[project] = error === null ? null : rounded(error);
  }
}

const byProject = <T>(all: Partial<Record<Project, T>>): Partial<Record<Project, T>> =>
  Object.fromEntries(PROJECTS.flatMap((project) => (all[project] === undefined ? [] : [[project, all[project]]])));

const results = new Results();
// Without the test that compares the results with those of the last time.
await runTests(['test/backend/conformance.test.ts'], results, 'the errors');
const support: Support = {
  ...(await software()),
  machine: machine(environment({})),
  seconds: byProject(results.seconds),
  skipped: results.skipped,
  checks: Object.fromEntries(
    Object.entries(results.checks).map(([group, checks]) => [
      group,
      Object.fromEntries(Object.entries(checks).map(([name, errors]) => [name, byProject(errors)])),
    ]),
  ),
};
write(SUPPORT, `${jsonOf(support, 3)}\n`);
write('docs/support.md', withSupport());
