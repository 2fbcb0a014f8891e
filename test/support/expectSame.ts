import { expectValues, read, type X } from './engine.js';

/** Asserts that two tensors have equal values, up to rounding. */
export async function expectSame(actual: X, expected: X, scale = 8): Promise<void> {
  await expectValues(actual, (await read(expected)) as number[], scale);
}
