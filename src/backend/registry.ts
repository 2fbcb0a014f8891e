import { arrays } from './arrays/arrays.js';
import type { Backend } from './types.js';

// All copies of this module share one list, so that the ESM and the CommonJS build see each other's engines.
const key = Symbol.for('prefloss.backends');
const registry = ((globalThis as Record<symbol, unknown>)[key] ??= []) as Backend<unknown>[];

/**
 * Registers an engine, so that every loss runs on its tensors. If several engines own a value, the one registered last is
 * used.
 *
 * @param backend - The engine. It replaces an engine with the same name.
 * @returns A function that unregisters the engine.
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
 * Returns the engine that owns the values. Plain numbers, lists and typed arrays fit any engine; alone, they belong to the arrays
 * engine.
 *
 * @throws TypeError if no engine owns one of the values, or if two engines do.
 */
export function backendOf<T>(...values: readonly unknown[]): Backend<T> {
  let found: Backend<unknown> | undefined;
  for (const value of values) {
    if (typeof value === 'number' || found?.owns(value)) continue;
    const owner = ownerOf(value);
    if (!owner) throw new TypeError(`no registered engine owns ${describe(value)}${hint(value)}`);
    if (isPlain(owner)) continue;
    if (found) throw new TypeError(`values of two engines cannot be mixed: ${found.name} and ${owner.name}`);
    found = owner;
  }
  return (found ?? ownerOf(0)) as Backend<T>;
}

/** Whether an engine is the one of plain values: the arrays engine, or one that replaces it. */
export const isPlain = ({ name }: Pick<Backend<never>, 'name'>): boolean => name === arrays.name;

/** The engine that owns a value, if any. */
export function ownerOf(value: unknown): Backend<unknown> | undefined {
  for (const backend of registry) if (backend.owns(value)) return backend;
  return arrays.owns(value) ? arrays : undefined;
}

/** Describes a value for an error message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return `a value of type ${(value as { constructor?: { name: string } }).constructor?.name ?? 'Object'}`;
  return `a ${typeof value}`;
}

function hint(value: unknown): string {
  const tensor = typeof value === 'object' && value !== null && 'dataId' in value;
  return tensor ? "; for TensorFlow.js tensors import 'prefloss' instead of 'prefloss/core'" : '';
}
