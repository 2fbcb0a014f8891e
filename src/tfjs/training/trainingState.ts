import { describe, numberIn } from '../../backend/describe.js';
import { isPlainObject } from '../../backend/plainObject.js';
import { MOST_LEVELS } from './mapLeaves.js';

const EXPECTED = 'expected what JSON keeps: null, booleans, finite numbers, strings, and lists and records of them';
const MOST_VALUES = 1_000_000;

/**
 * Returns the JSON of a training state.
 *
 * @throws TypeError if JSON would not give back the same state; the message names the path of the value that would change.
 * @throws RangeError if it is nested deeper than 64 levels, or has more than a million values: one that occurs twice counts twice.
 */
export function jsonOfState(state: unknown): string {
  if (!isPlainObject(state)) throw new TypeError(`saveCheckpoint: state is ${describe(state)}, expected a record`);
  return JSON.stringify(copyOf(state, 'state', [], { values: 0 }));
}

/**
 * A copy of a value, which is checked and cannot change: each field is read once.
 *
 * @param within - The lists and records that the value is in.
 * @param count - The number of values so far.
 */
function copyOf(value: unknown, path: string, within: readonly unknown[], count: { values: number }): unknown {
  if (++count.values > MOST_VALUES) throw new RangeError(`saveCheckpoint: state has more than ${MOST_VALUES} values`);
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return value;
  if (within.includes(value)) throw new TypeError(`saveCheckpoint: ${path} is a list or record that it is in, ${EXPECTED}`);
  if (within.length === MOST_LEVELS) throw new RangeError(`saveCheckpoint: ${path} is nested deeper than ${MOST_LEVELS} levels`);
  const inside = [...within, value];
  if (Array.isArray(value)) {
    const other = Reflect.ownKeys(value).find((key) => key !== 'length' && !/^\d+$/.test(String(key)));
    if (other !== undefined) throw new TypeError(`saveCheckpoint: ${path} is a list with a field ${String(other)}, ${EXPECTED}`);
    if (value.length > MOST_VALUES) throw new RangeError(`saveCheckpoint: state has more than ${MOST_VALUES} values`);
    // `Array.from` makes holes undefined.
    return Array.from(value, (item: unknown, i) => copyOf(item, `${path}[${i}]`, inside, count));
  }
  if (isPlainObject(value)) return copyOfRecord(value, path, inside, count);
  throw new TypeError(`saveCheckpoint: ${path} is ${numberIn(value)}, ${EXPECTED}`);
}

function copyOfRecord(record: Record<string, unknown>, path: string, inside: readonly unknown[], count: { values: number }): unknown {
  const fields = Reflect.ownKeys(record).map((key): [string, unknown] => {
    if (typeof key === 'symbol') throw new TypeError(`saveCheckpoint: ${path} has a field ${String(key)}, ${EXPECTED}`);
    const value = record[key];
    // JSON leaves out an undefined field, and reading it afterwards gives undefined as before.
    return [key, value === undefined ? undefined : copyOf(value, `${path}.${key}`, inside, count)];
  });
  // Also a field `__proto__` is a field of its own here.
  return Object.fromEntries(fields);
}
