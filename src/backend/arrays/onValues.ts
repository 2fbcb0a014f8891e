import type { Backend } from '../types.js';
import type { ArrayTensor, DataTensor } from './tensor.js';

/** A function of whole tensors whose values are in memory, with a gradient of its own. */
export type Kernel = (inputs: readonly DataTensor[]) => {
  /** The results. Only a kernel with one result may have a gradient. */
  readonly values: readonly ArrayTensor[];
  /** The gradients with respect to the inputs, given that with respect to the value. Inputs of integers have none. */
  readonly backward?: (dy: Float64Array) => readonly (Float64Array | undefined)[];
};

/** An engine whose values are in memory. A function brings its kernel along, so that who does not call it does not load the kernel. */
export interface InMemory<T> extends Backend<T> {
  /** Runs a kernel. */
  onValues(inputs: readonly T[], kernel: Kernel): readonly T[];
}

/** Whether an engine keeps its values in memory. */
export const isInMemory = <T>(backend: Backend<T>): backend is InMemory<T> => (backend as Partial<InMemory<T>>).onValues !== undefined;
