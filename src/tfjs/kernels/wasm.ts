import type { DataId, DataType, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';

/** What our kernels use of tfjs's WASM backend. */
export interface WasmBackend {
  /** A new tensor on the heap. It may grow the heap, which detaches all views taken before. */
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo;
  /** A view of a tensor on the heap. */
  typedArrayFromHeap(info: TensorInfo): Float32Array | Int32Array;
  /** Frees a tensor. */
  disposeData(dataId: DataId): void;
}

/** A kernel configuration for tfjs's WASM backend. */
export function wasmKernel(
  kernelName: string,
  run: (backend: WasmBackend, inputs: Record<string, TensorInfo>, attrs: Record<string, unknown>) => TensorInfo | TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({ inputs, backend, attrs }) =>
      run(backend as WasmBackend, inputs as Record<string, TensorInfo>, attrs as Record<string, unknown>),
  };
}
