import { describe, it } from 'vitest';
import { backendConformance } from '../../src/testing/index.js';
import { engineUnderTest } from '../support/engine.js';
import { fileOf, goldenNames } from '../support/goldens.js';

const goldens = Object.fromEntries(goldenNames.map((name) => [name, fileOf(name)]));
const checks = [...backendConformance(engineUnderTest, { goldens })];

// jax-js 0.1.25 throws for tensors of several axes: "routine primitive scatter input is not imm".
const NOT_ON_JAX = ['sort, gradient under jit', 'sort, own gradient under jit'];

describe.each([...new Set(checks.map(({ group }) => group))])('%s', (group) => {
  for (const { name, run } of checks.filter((check) => check.group === group)) it.skipIf(NOT_ON_JAX.includes(name))(name, run);
});
