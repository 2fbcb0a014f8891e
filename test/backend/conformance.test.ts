import { describe, it } from 'vitest';
import { backendConformance } from '../../src/testing/index.js';
import { engineUnderTest } from '../support/engine.js';
import { fileOf, goldenNames } from '../support/goldens.js';

const goldens = Object.fromEntries(goldenNames.map((name) => [name, fileOf(name)]));
const checks = [...backendConformance(engineUnderTest, { goldens })];

/** Why checks are skipped, by name. */
const SKIPPED: Readonly<Record<string, string>> = {
  'sort, gradient under jit': 'jax-js 0.1.25 throws for tensors of several axes: "routine primitive scatter input is not imm"',
  'sort, own gradient under jit': 'jax-js 0.1.25 throws for tensors of several axes: "routine primitive scatter input is not imm"',
};

describe.each([...new Set(checks.map(({ group }) => group))])('%s', (group) => {
  for (const { name, measure } of checks.filter((check) => check.group === group))
    it(name, async ({ task, skip }) => {
      if (SKIPPED[name]) skip(SKIPPED[name]);
      const error = await measure();
      task.meta.conformance = { group, name, ...(error !== undefined && { error }) };
    });
});
