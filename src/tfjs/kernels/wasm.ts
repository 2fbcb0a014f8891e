import type { DataId, DataType, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../../rows/heap.js';

/** What our kernels use of tfjs's WASM backend. */
export interface WasmBackend {
  /** Emscripten's module. Its memory is an export in the builds with one thread, and an import in that with several. */
  readonly wasm: {
    readonly wasmMemory?: WebAssembly.Memory;
    readonly asm?: { readonly memory?: WebAssembly.Memory };
    readonly HEAPU8: Uint8Array;
  };
  /** A new tensor on the heap. It may grow the heap, which detaches all views taken before. */
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo;
  /** A view of a tensor on the heap. */
  typedArrayFromHeap(info: TensorInfo): Float32Array | Int32Array;
  /** Counts one more tensor with the data. */
  incRef(dataId: DataId): void;
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

const heaps = new WeakMap<WasmBackend, Heap>();

/** The heap of tfjs's WASM backend: always the same object, so that kernels are made for it once. */
export function heapOf(backend: WasmBackend): Heap {
  let heap = heaps.get(backend);
  if (!heap) {
    const { wasm } = backend;
    // Should Emscripten's names change, the kernels in JavaScript still find the bytes.
    heap = wasm.wasmMemory ?? wasm.asm?.memory ?? { get buffer() { return wasm.HEAPU8.buffer; } }; // prettier-ignore
    heaps.set(backend, heap);
  }
  return heap;
}
