import { describe } from '../backend/describe.js';

/** Checks that an argument is a list without holes. */
export function checkList(fn: string, name: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${fn}: ${name} is ${describe(value)}, expected a list`);
  for (let i = 0; i < value.length; i++) if (!(i in value)) throw new TypeError(`${fn}: ${name}[${i}] is missing from the list`);
}
