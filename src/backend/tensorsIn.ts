import { isPlainObject } from './plainObject.js';

/** The tensors in a value: one, or records and lists of them, nested to any depth. */
export function tensorsIn<T>(value: unknown, isTensor: (x: unknown) => x is T): T[] {
  if (isTensor(value)) return [value];
  if (!Array.isArray(value) && !isPlainObject(value)) return [];
  return Object.values(value).flatMap((inner) => tensorsIn(inner, isTensor));
}
