import { expectValues, read, type X } from './engine.js';

/** Asserts that all values of a tensor `[B]` equal `expected`. */
export async function expectConstant(x: X, expected: number): Promise<void> {
  await expectValues(
    x,
    ((await read(x)) as number[]).map(() => expected),
  );
}
