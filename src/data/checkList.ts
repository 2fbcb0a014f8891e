import { describe } from '../backend/registry.js';

/** Checks that an argument is a list. */
export function checkList(fn: string, name: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${fn}: ${name} is ${describe(value)}, expected a list`);
}
