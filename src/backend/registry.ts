import { arrays } from './arrays/arrays.js';
import type { Backend } from './types.js';

// One list for all copies of this module, so that the ESM and the CommonJS build see each other's engines.
const key = Symbol.for('prefloss.backends');
const registry = ((globalThis as Record<symbol, unknown>)[key] ??= []) as Backend<unknown>[];

/**
 * Makes the tensors of an engine known to every loss. The newest registration that owns a value serves it.
 *
 * @param backend - The engine. One of the same name is replaced.
 * @returns A function that takes the registration back.
 */
export function registerBackend<T>(backend: Backend<T>): () => void {
  const same = registry.findIndex((b) => b.name === backend.name);
  if (same >= 0) registry.splice(same, 1);
  registry.unshift(backend);
  return () => {
    const at = registry.indexOf(backend);
    if (at >= 0) registry.splice(at, 1);
  };
}

/**
 * The engine that the values belong to. Plain numbers go along with any engine.
 *
 * @throws TypeError if no engine owns one of the values, or if they belong to two.
 */
export function backendOf<T>(...values: readonly unknown[]): Backend<T> {
  let first: Backend<unknown> | undefined;
  for (const value of values) {
    if (typeof value === 'number') continue;
    if (!first) first = owner(value);
    else if (!first.owns(value)) throw new TypeError(`values of two engines cannot be mixed: ${first.name} and ${owner(value).name}`);
  }
  return (first ?? owner(values[0])) as Backend<T>;
}

function owner(value: unknown): Backend<unknown> {
  for (const backend of registry) if (backend.owns(value)) return backend;
  if (arrays.owns(value)) return arrays;
  throw new TypeError(`no registered engine owns ${describe(value)}${hint(value)}`);
}

/** What a value is, in words for an error message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object') return `a value of type ${(value as { constructor?: { name: string } }).constructor?.name ?? 'Object'}`;
  return `a ${typeof value}`;
}

function hint(value: unknown): string {
  if (ArrayBuffer.isView(value)) return '; convert it with Array.from';
  const tensor = typeof value === 'object' && value !== null && 'dataId' in value;
  return tensor ? "; for TensorFlow.js tensors import 'prefloss' instead of 'prefloss/core'" : '';
}
