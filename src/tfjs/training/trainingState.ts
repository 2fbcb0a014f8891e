import { describe } from '../../backend/registry.js';
import { isRecord } from './mapLeaves.js';

const EXPECTED = 'expected what JSON keeps: null, booleans, finite numbers, strings, and lists and records of them';

/**
 * Returns the JSON of a training state.
 *
 * @throws TypeError if parsing it would give another state; the message names the path of what changes.
 */
export function jsonOfState(state: unknown): string {
  if (!isRecord(state)) throw new TypeError(`saveCheckpoint: state is ${describe(state)}, expected a record`);
  check(state, 'state', []);
  return JSON.stringify(state);
}

/** @param within - The lists and records that the value is in. */
function check(value: unknown, path: string, within: readonly unknown[]): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return;
  if (within.includes(value)) throw new TypeError(`saveCheckpoint: ${path} is a list or record that it is in, ${EXPECTED}`);
  const inside = [...within, value];
  if (Array.isArray(value)) {
    const other = Reflect.ownKeys(value).find((key) => key !== 'length' && !/^\d+$/.test(String(key)));
    if (other !== undefined) throw new TypeError(`saveCheckpoint: ${path} is a list with a field ${String(other)}, ${EXPECTED}`);
    // `Array.from` makes holes undefined.
    Array.from(value, (item: unknown, i) => { check(item, `${path}[${i}]`, inside); }); // prettier-ignore
  } else if (isRecord(value)) {
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === 'symbol') throw new TypeError(`saveCheckpoint: ${path} has a field ${String(key)}, ${EXPECTED}`);
      // A field that is undefined is left out, and reads as undefined then.
      if (value[key] !== undefined) check(value[key], `${path}.${key}`, inside);
    }
  } else {
    throw new TypeError(`saveCheckpoint: ${path} is ${typeof value === 'number' ? value : describe(value)}, ${EXPECTED}`);
  }
}
