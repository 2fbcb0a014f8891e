import { arrays } from './arrays/arrays.js';
import { isInMemory } from './arrays/onValues.js';
import type { Backend, DType, Nested } from './types.js';

/** Calls `f` with plain values turned into constants of the engine; the constants are freed. Numbers stay numbers. */
export function lifted<T>(backend: Backend<T>, operands: readonly unknown[], f: (operands: readonly T[]) => T, dtype: DType = 'float'): T {
  if (operands.every((x) => typeof x === 'number' || backend.owns(x))) return f(operands as readonly T[]);
  const own = operands.find((x) => typeof x !== 'number' && backend.owns(x)) as T | undefined;
  const hasRows = (x: T): boolean => backend.shape(x)[0] !== 0;
  const lift = (x: unknown): T => {
    if (typeof x === 'number') return x as T;
    const constant = constantOn(backend, x, dtype);
    // A plain list without rows lacks the other axes of the tensor.
    return own === undefined || hasRows(own) || hasRows(constant) ? constant : backend.reshape(constant, backend.shape(own));
  };
  return backend.scope(() => f(operands.map(lift)));
}

/** A tensor of the engine as it is, or plain values as a constant. */
export const constantOn = <T>(backend: Backend<T>, x: unknown, dtype: DType): T =>
  backend.owns(x) || !arrays.owns(x)
    ? (x as T)
    : // Engines in memory read booleans themselves.
      backend.constant(isInMemory(backend) || ArrayBuffer.isView(x) ? (x as Nested) : arrays.cast(x as Nested, 'float'), dtype);
