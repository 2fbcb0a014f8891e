import { ownerOf, registerBackend } from '../../backend/registry.js';
import type { Backend } from '../../backend/types.js';
import { gradientsOf } from '../engineGradients.js';
import type { Precision } from './closeness.js';
import type { EngineUnderTest, TensorFunction } from './engineUnderTest.js';
import type { AnyTensor, Input } from './valueCase.js';

/** Value, where it is given, and gradients of a scalar function. */
export type Gradient = (
  f: TensorFunction<AnyTensor>,
  inputs: readonly AnyTensor[],
) => { readonly value?: AnyTensor; readonly grads: readonly AnyTensor[] };

/** The engine under test as the checks use it. */
export interface Subject {
  readonly engine: EngineUnderTest<AnyTensor>;
  readonly backend: Backend<AnyTensor>;
  /** Makes a tensor as users of the engine do. */
  readonly make: (input: Input) => AnyTensor;
  /** Frees tensors, each once, where the engine can. */
  readonly free: (tensors: readonly AnyTensor[]) => void;
  /** The number of tensors in memory; undefined if the engine does not count them. */
  readonly live: () => number | undefined;
  /** The ways to differentiate, by name. */
  readonly gradients: Readonly<Record<string, Gradient>>;
  /** Whether the engine keeps float64 or float32: whether 1 + 2^-40 survives. */
  readonly precision: () => Promise<Precision>;
}

/** An engine as the checks use it. */
export function subjectOf<T>(given: EngineUnderTest<T>): Subject {
  // The checks do not know the type of the tensors.
  const engine = given as unknown as EngineUnderTest<AnyTensor>;
  const { backend, grad, liveTensors } = engine;
  const valueAndGrads = gradientsOf(backend);
  return {
    engine,
    backend,
    make: ({ values, kind }) => engine.tensor(values, kind),
    free: (tensors) => {
      for (const x of new Set(tensors)) if (backend.dispose && !backend.isDisposed?.(x)) backend.dispose(x);
    },
    live: () => liveTensors?.(),
    gradients: {
      ...(valueAndGrads && { gradient: (f, inputs) => valueAndGrads((xs) => f(...xs), inputs) }),
      ...(grad && { 'own gradient': (f, inputs) => ({ grads: grad(f, inputs) }) }),
    },
    precision: async () => {
      const x = backend.constant([1 + 2 ** -40]);
      const [values] = await backend.read([x]);
      backend.dispose?.(x);
      return values![0] === 1 ? 24 : 53;
    },
  };
}

/** Runs `f` while the engine is registered. An engine that was registered before stays so. */
export async function whileRegistered({ backend, make, free }: Subject, f: () => Promise<void>): Promise<void> {
  const probe = make({ values: 0, kind: 'float' });
  const isRegistered = ownerOf(probe) === backend;
  free([probe]);
  const unregister = isRegistered ? () => undefined : registerBackend(backend);
  try {
    await f();
  } finally {
    unregister();
  }
}
