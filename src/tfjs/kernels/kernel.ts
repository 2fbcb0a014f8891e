import { engine, getBackend, getKernel, registerKernel, type KernelConfig, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Named } from '../named.js';

/** The attributes of a kernel without attributes. */
export type NoAttributes = Readonly<Record<string, never>>;

/** The arguments of an implementation when its kernel runs. */
export interface KernelCall<Inputs, Attributes> {
  readonly kernelName: string;
  readonly inputs: Named<Inputs, TensorInfo>;
  readonly attributes: Attributes;
  /** The active tfjs backend. The helpers `onCpu`, `onWasm`, ... give it its type. */
  readonly backend: unknown;
}

/** A kernel on one tfjs backend. */
export type Implementation<Inputs, Attributes> = (call: KernelCall<Inputs, Attributes>) => TensorInfo | TensorInfo[];

/** The tfjs backends that kernels can be written for. */
export const BACKENDS = ['cpu', 'wasm', 'webgpu', 'tensorflow', 'webgl'] as const;

/** The implementations of one kernel, by tfjs backend. */
export type Implementations<Inputs, Attributes> = Readonly<Partial<Record<(typeof BACKENDS)[number], Implementation<Inputs, Attributes>>>>;

/** A kernel of this library. It takes named tensors and attributes and returns one tensor, or `Output`. */
export interface Kernel<Inputs, Attributes, Output = Tensor> {
  /** Its name in tfjs's kernel registry. */
  readonly kernelName: string;
  /** Whether it is implemented for a tfjs backend, by default the active one. */
  isAvailable(backendName?: string): boolean;
  /** Runs it on the active tfjs backend. */
  run(inputs: Inputs, attributes: Attributes): Output;
}

/**
 * Defines a kernel. It runs through tfjs's own kernel registry, so tfjs profiles it and counts its memory as for its own kernels. It is
 * registered there on first use on each backend.
 *
 * @param kernelName - Its name in tfjs's registry; must begin with `Prefloss`.
 * @param implementations - At most one per tfjs backend. On a backend without one, the kernel is not available.
 */
export function kernel<Inputs extends Named<Inputs, Tensor>, Attributes = NoAttributes, Output = Tensor>(
  kernelName: string,
  implementations: Implementations<Inputs, Attributes>,
): Kernel<Inputs, Attributes, Output> {
  const byBackend: ReadonlyMap<string, Implementation<Inputs, Attributes>> = new Map(Object.entries(implementations));
  return {
    kernelName,
    isAvailable: (backendName = getBackend()) => byBackend.has(backendName),
    run(inputs, attributes) {
      const backendName = getBackend();
      const implementation = byBackend.get(backendName);
      // Another copy of this library may have registered the kernel already.
      if (implementation) registerMissing(kernelName, backendName, implementation);
      return engine().runKernel(kernelName, inputs, attributes as never) as Output;
    },
  };
}

/** Registers an implementation with tfjs, unless the backend has a kernel of that name. */
export function registerMissing<Inputs, Attributes>(
  kernelName: string,
  backendName: string,
  implementation: Implementation<Inputs, Attributes>,
): void {
  if (!getKernel(kernelName, backendName)) registerKernel(configOf(kernelName, backendName, implementation));
}

/** An implementation in the form that tfjs registers. tfjs's types do not name the inputs and attributes. */
const configOf = <Inputs, Attributes>(
  kernelName: string,
  backendName: string,
  implementation: Implementation<Inputs, Attributes>,
): KernelConfig => ({
  kernelName,
  backendName,
  kernelFunc: ({ inputs, attrs, backend }) =>
    implementation({
      kernelName,
      inputs: inputs as unknown as Named<Inputs, TensorInfo>,
      attributes: attrs as unknown as Attributes,
      backend,
    }),
});
