import { arrays } from '../backend/arrays/arrays.js';
import { isPlainObject } from '../backend/plainObject.js';
import { ownerOf } from '../backend/registry.js';
import type { Backend, Nested } from '../backend/types.js';

/** Values nested in records, as batches of losses are. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => isPlainObject(value) && !ownerOf(value);

/** A copy of nested records with every value that is neither a record nor undefined replaced. Paths are like `policy.chosen`. */
export function mapLeaves(value: unknown, f: (leaf: unknown, path: string) => unknown, path = ''): unknown {
  if (value === undefined) return value;
  if (!isRecord(value)) return f(value, path);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapLeaves(inner, f, path ? `${path}.${key}` : key)]));
}

/** The values of tensors, read with one transfer, and of plain values between them. */
export async function valuesOf(engine: Backend<unknown>, leaves: readonly unknown[]): Promise<ArrayLike<number>[]> {
  const tensors = leaves.filter((leaf) => engine.owns(leaf));
  const read = await engine.read(tensors);
  return leaves.map((leaf) => read[tensors.indexOf(leaf)] ?? arrays.peek(leaf as Nested)!);
}
