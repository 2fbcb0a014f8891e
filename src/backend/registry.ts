import { arrays } from './arrays/arrays.js';
import { tensors } from './arrays/tensors.js';
import { describe } from './describe.js';
import type { Backend } from './types.js';

type Engines = readonly Backend<unknown>[];

/** The engines of all copies of this module, the one registered last first. Only `set` changes them. */
interface Registry {
  readonly get: () => Engines;
  readonly set: (engines: Engines) => void;
}

function newRegistry(): Registry {
  let engines: Engines = Object.freeze([]);
  return Object.freeze({
    get: () => engines,
    set: (next: Engines) => {
      engines = Object.freeze([...next]);
    },
  });
}

// The ESM and the CommonJS build see each other's engines.
const key = Symbol.for('prefloss.registry');
const shared = globalThis as { [key]?: Registry };
if (!shared[key]) Object.defineProperty(shared, key, { value: newRegistry() });
const registry = shared[key]!;

/** Methods that the engines in memory have and others may lack. */
const OPTIONAL = ['pow', 'sqrt', 'onValues', 'isReadable'];

/**
 * Registers an engine, so that every loss runs on its tensors. If several engines own a value, the one registered last is
 * used.
 *
 * @param backend - The engine. It replaces an engine with the same name.
 * @returns A function that unregisters the engine.
 * @throws TypeError if the engine has no name or lacks a method.
 */
export function registerBackend<T>(backend: Backend<T>): () => void {
  const fn = 'registerBackend';
  if (typeof backend !== 'object' || (backend as unknown) === null) throw new TypeError(`${fn}: backend is ${describe(backend)}, expected an engine`); // prettier-ignore
  if (typeof backend.name !== 'string' || !backend.name) throw new TypeError(`${fn}: backend.name is ${describe(backend.name)}, expected a name`); // prettier-ignore
  const methods = Object.entries(arrays).flatMap(([name, value]) =>
    typeof value === 'function' && !OPTIONAL.includes(name) ? [name] : [],
  );
  const missing = methods.filter((name) => typeof backend[name as keyof Backend<T>] !== 'function');
  if (missing.length > 0) throw new TypeError(`${fn}: the engine ${backend.name} lacks the methods ${missing.join(', ')}`);
  registry.set([backend, ...registry.get().filter(({ name }) => name !== backend.name)]);
  return () => {
    registry.set(registry.get().filter((other) => other !== backend));
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
  for (const backend of registry.get()) if (backend.owns(value)) return backend;
  return arrays.owns(value) ? arrays : tensors.owns(value) ? tensors : undefined;
}

function hint(value: unknown): string {
  const isTfjs = (value as { readonly dataId?: unknown } | null | undefined)?.dataId !== undefined;
  return isTfjs ? "; for TensorFlow.js tensors import 'prefloss', not 'prefloss/core'" : '';
}
