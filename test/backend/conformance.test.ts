import { describe, it } from 'vitest';
import { backendOf, type Nested } from '../../src/index.js';
import { backendConformance, type EngineUnderTest } from '../../src/testing/index.js';
import { isTfjs, liveTensors, tensor, type X } from '../support/engine.js';
import { fileOf, goldenNames } from '../support/goldens.js';

const backend = backendOf<X>(tensor(0));
const underTest: EngineUnderTest<X> = {
  backend,
  tensor: (values: Nested, dtype) => tensor(values, dtype),
  read: (x) => (isTfjs ? x.data() : backend.peek(x)),
  ...(isTfjs && { liveTensors }),
};
const goldens = Object.fromEntries(goldenNames.map((name) => [name, fileOf(name)]));
const checks = [...backendConformance(underTest, { goldens })];

describe.each([...new Set(checks.map(({ group }) => group))])('%s', (group) => {
  for (const { name, run } of checks.filter((check) => check.group === group)) it(name, run);
});
