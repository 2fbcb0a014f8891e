import { describe, expect, inject, it } from 'vitest';
import { backendConformance } from '../../src/testing/index.js';
import recorded from '../../tools/docs/support.json' with { type: 'json' };
import { engine, engineUnderTest } from '../support/engine.js';
import { fileOf, goldenNames } from '../support/goldens.js';

const goldens = Object.fromEntries(goldenNames.map((name) => [name, fileOf(name)]));
const checks = [...backendConformance(engineUnderTest, { goldens })];

/** Why checks are skipped, by name. */
const SKIPPED: Readonly<Record<string, string>> = {
  'sort, gradient under jit': 'jax-js 0.1.25 throws for tensors of several axes: "routine primitive scatter input is not imm"',
  'sort, own gradient under jit': 'jax-js 0.1.25 throws for tensors of several axes: "routine primitive scatter input is not imm"',
};

/** The errors of the checks that ran, by group and name; null where nothing is rounded. */
const errors = new Map<string, number | null>();

describe.each([...new Set(checks.map(({ group }) => group))])('%s', (group) => {
  for (const { name, measure } of checks.filter((check) => check.group === group))
    it(name, async ({ task, skip }) => {
      if (SKIPPED[name]) skip(SKIPPED[name]);
      const error = (await measure()) ?? null;
      task.meta.conformance = error;
      errors.set(`${group} > ${name}`, error);
    });
});

/** The numbers of docs/support.md, by project of vitest.config.ts. */
const published: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number | null>>>>>> = recorded.checks;
/** Other processors round differently: an error may be twice as large, and a unit larger. */
const most = (error: number): number => 2 * error + 1;

it('the errors are those of docs/support.md', ({ task, skip }) => {
  const project = task.file.projectName!.split(' ')[0]!;
  if (!(project in recorded.seconds)) skip('a variant of an engine, which is not published');
  const known = new Map<string, number | null>(
    Object.entries(published).flatMap(([group, all]) =>
      Object.entries(all).flatMap(([name, own]) => (own[project] === undefined ? [] : [[`${group} > ${name}`, own[project]] as const])),
    ),
  );
  const names = checks.filter(({ name }) => !SKIPPED[name]).map(({ group, name }) => `${group} > ${name}`);
  expect([...known.keys()].sort(), 'run `npm run support`').toEqual(names.sort());
  // Another driver has errors of its own.
  const isOtherGpu = recorded.isSoftwareGpu && !inject('isSoftwareGpu') && ['webgpu', 'webgl', 'jax-webgpu'].includes(engine);
  const larger = [...errors].filter(([check, error]) => {
    const before = known.get(check) ?? null;
    return before === null || error === null ? before !== error : !isOtherGpu && error > most(before);
  });
  expect(
    larger.map(([check, error]) => `${check}: ${error}, published ${known.get(check)}`),
    'run `npm run support` if this is right',
  ).toEqual([]);
});
