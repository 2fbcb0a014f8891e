import { arrays } from '../../../src/backend/arrays/arrays.js';
import type { Nested } from '../../../src/backend/types.js';
import type { EngineUnderTest } from '../../../src/testing/conformance/engineUnderTest.js';

/** The engine of nested lists. */
export const engineUnderTest: EngineUnderTest<Nested> = {
  backend: arrays,
  tensor: (values) => values,
  read: (x) => arrays.peek(x)!,
};
