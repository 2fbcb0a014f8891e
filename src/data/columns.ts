import { describe, reasonOf } from '../backend/describe.js';
import { isPlainObject } from '../backend/plainObject.js';
import { BadRow } from './badRow.js';

/** How deep the values of a row may be nested. */
const MAX_DEPTH = 64;
/** How many values a column may hold. Rows that share objects can hold more than there is memory for. */
const MAX_VALUES = 1_000_000;

/**
 * The named columns of a row, as far as it has them, copied as plain data: strings, numbers, booleans, null, and lists and objects of
 * them. Code in a row, such as a getter or a proxy, runs in here only, so that whatever it does is an error in this row.
 *
 * @param at - Function and row, for example `encodePairs: rows[3]`.
 * @param row - The row.
 * @param names - The names of the columns.
 * @param other - What to do with values that JSON cannot hold, such as a Date: refuse the row, or leave them out.
 */
export function columnsOf(at: string, row: object, names: readonly string[], other: 'refuse' | 'omit' = 'refuse'): Record<string, unknown> {
  // The path to the value that is copied, for messages.
  const path: (string | number)[] = [];
  const bad = (predicate: string, options?: ErrorOptions) => new BadRow(at, path.map(step).join(''), predicate, options);
  const tooLarge = (predicate: string) => new BadRow(at, String(path[0]), predicate);
  let values = 0;

  const copy = (value: unknown): unknown => {
    if (++values > MAX_VALUES) throw tooLarge(`holds more than ${MAX_VALUES} values`);
    if (typeof value !== 'object' || value === null) return isData(value) ? value : refused(value);
    if (path.length > MAX_DEPTH) throw tooLarge(`is nested more than ${MAX_DEPTH} deep`);
    if (Array.isArray(value)) return copyList(value);
    const keys = Object.keys(value);
    if (ArrayBuffer.isView(value) || (keys.length === 0 && !isPlainObject(value))) return refused(value);
    return copyFields(value, keys);
  };
  const copyList = (list: readonly unknown[]): unknown[] => {
    const result: unknown[] = [];
    for (let i = 0; i < list.length; i++) {
      path.push(i);
      if (!(i in list)) throw bad('is missing');
      result.push(copy(list[i]));
      path.pop();
    }
    return result;
  };
  const copyFields = (from: object, keys: readonly string[]): Record<string, unknown> => {
    const result: [string, unknown][] = [];
    for (const key of keys) {
      path.push(key);
      const property = Object.getOwnPropertyDescriptor(from, key);
      if (property?.get ?? property?.set) throw bad('is a getter, expected a value');
      if (property) result.push([key, copy((from as Record<string, unknown>)[key])]);
      path.pop();
    }
    return Object.fromEntries(result);
  };
  const refused = (value: unknown): unknown => {
    if (other === 'refuse') throw bad(`is ${describe(value)}, expected a value that JSON can hold`);
    return undefined;
  };

  try {
    return copyFields(row, names);
  } catch (error) {
    throw error instanceof BadRow ? error : bad(`cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/** The names of the columns of a row. */
export const namesOf = (at: string, row: object): string[] => reading(at, () => Object.keys(row));

/** What `read` takes from a row. Code in the row, such as a getter or a proxy, may throw anything: that is an error in this row. */
export function reading<T>(at: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof BadRow ? error : new BadRow(at, '', `cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

const isData = (value: unknown): boolean => value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value);

const step = (key: string | number, i: number): string => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`);
