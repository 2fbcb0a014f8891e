import type { Backend, DType, Nested } from '../../backend/types.js';

/** A function of tensors, as transforms such as `jit` take it. */
export type TensorFunction<T> = (...inputs: T[]) => T;

/** An engine, and what its tests need besides `Backend`: its users' way to make, read and differentiate tensors. */
export interface EngineUnderTest<T> {
  /** The engine. It need not be registered. */
  readonly backend: Backend<T>;
  /** Makes a tensor as users of the engine do, not through `backend`. */
  readonly tensor: (values: Nested, dtype: DType) => T;
  /** Reads a tensor as users of the engine do, in row-major order. */
  readonly read: (x: T) => ArrayLike<number> | Promise<ArrayLike<number>>;
  /** The gradient of a scalar function as users of the engine compute it, if they do not do so through `backend`: one for each input. */
  readonly grad?: (f: TensorFunction<T>, inputs: readonly T[]) => readonly T[];
  /** Transforms of the engine that give a function with the same results, such as `{ jit }`. */
  readonly transforms?: Readonly<Record<string, (f: TensorFunction<T>) => TensorFunction<T>>>;
  /** The number of tensors in memory. Without it, leaks are not tested. */
  readonly liveTensors?: () => number;
  /** Devices by name, each with a function that selects it. Every check runs on each. Default: the one that is selected. */
  readonly devices?: Readonly<Record<string, () => void | Promise<void>>>;
}
