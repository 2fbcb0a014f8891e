/**
 * Applies `f` to every leaf of lists and records, nested to any depth, and returns the results in the same lists and records. All
 * but lists and plain objects are leaves. The records are visited in alphabetical order of their keys, so that the order of the leaves
 * does not depend on how a record was written.
 *
 * @param f - Gets a leaf and its path, such as `.blocks[0].weight`; the path of `container` itself is empty.
 */
export function mapLeaves(container: unknown, f: (leaf: unknown, path: string) => unknown, path = ''): unknown {
  if (Array.isArray(container)) return container.map((item: unknown, i) => mapLeaves(item, f, `${path}[${i}]`));
  if (!isRecord(container)) return f(container, path);
  const result = { ...container };
  for (const key of Object.keys(container).sort()) result[key] = mapLeaves(container[key], f, `${path}.${key}`);
  return result;
}

/** Whether a value is a plain object, of which a record is one, and an instance of a class is none. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
