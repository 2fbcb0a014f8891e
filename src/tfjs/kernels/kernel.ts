import { engine, getBackend, getKernel, registerKernel, type KernelConfig, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Named } from '../named.js';

/** The attributes of a kernel that has none. */
export type NoAttributes = Readonly<Record<string, never>>;

/** What an implementation gets when its kernel runs. */
export interface KernelCall<Inputs, Attributes> {
  readonly kernelName: string;
  readonly inputs: Named<Inputs, TensorInfo>;
  readonly attributes: Attributes;
  /** The tfjs backend; the helpers for each backend know its type. */
  readonly backend: unknown;
}

/** A kernel on one tfjs backend. */
export type Implementation<Inputs, Attributes> = (call: KernelCall<Inputs, Attributes>) => TensorInfo | TensorInfo[];

/** The tfjs backends that kernels are written for. */
export const BACKENDS = ['cpu', 'wasm', 'webgpu', 'tensorflow', 'webgl'] as const;

/** The implementations of one kernel by tfjs backend. */
export type Implementations<Inputs, Attributes> = Readonly<Partial<Record<(typeof BACKENDS)[number], Implementation<Inputs, Attributes>>>>;

/** A kernel of this library: named tensors and attributes in, one tensor out unless `Output` says otherwise. */
export interface Kernel<Inputs, Attributes, Output = Tensor> {
  /** Its name in tfjs's kernel registry. */
  readonly kernelName: string;
  /** Whether it is implemented for a tfjs backend; for the active one by default. */
  isAvailable(backendName?: string): boolean;
  /** Runs it on the active tfjs backend. */
  run(inputs: Inputs, attributes: Attributes): Output;
}

/**
 * Defines a kernel. It runs through tfjs's own kernel registry, so that profiling, disposal and memory counts see it, and is
 * registered there on its first use on each backend.
 *
 * @param kernelName - Its name in tfjs's registry; begins with `Prefloss`.
 * @param implementations - One per tfjs backend. On the others, the kernel is not available.
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
      // A second copy of this library may have registered the kernel before.
      if (implementation && !getKernel(kernelName, backendName)) registerKernel(configOf(kernelName, backendName, implementation));
      return engine().runKernel(kernelName, inputs, attributes as never) as Output;
    },
  };
}

/** tfjs's form of an implementation; its types know neither the inputs nor the attributes by name. */
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
