import { isPlainObject } from '../../backend/plainObject.js';

/**
 * Applies `f` to every leaf of lists and records, nested to any depth, and returns the results in the same lists and records. All
 * but lists and plain objects are leaves. The records are visited in alphabetical order of their keys, so that the order of the leaves
 * does not depend on how a record was written.
 *
 * @param name - What `container` is, which begins the message of the error, such as `frozenCopy: source`.
 * @param f - Gets a leaf and its path, such as `.blocks[0].weight`; the path of `container` itself is empty.
 * @throws TypeError if `container` is nested deeper than 64 levels, such as a list that holds itself.
 */
export function mapLeaves(name: string, container: unknown, f: (leaf: unknown, path: string) => unknown): unknown {
  const map = (value: unknown, path: string, levels: number): unknown => {
    const isList = Array.isArray(value);
    if (!isList && !isPlainObject(value)) return f(value, path);
    if (levels === MOST_LEVELS) throw new TypeError(`${name}${path} is nested deeper than ${MOST_LEVELS} levels`);
    // `Array.from` makes holes undefined.
    if (isList) return Array.from(value, (item: unknown, i) => map(item, `${path}[${i}]`, levels + 1));
    const result = { ...value };
    for (const key of Object.keys(value).sort()) result[key] = map(value[key], `${path}.${key}`, levels + 1);
    return result;
  };
  return map(container, '', 0);
}

/** The most levels of lists and records inside each other. */
export const MOST_LEVELS = 64;
