import type { DataId, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../../rows/heap.js';
import type { Implementation } from './kernel.js';
import type { Named } from '../named.js';

/** The part of tfjs's WASM backend that our kernels use. */
export interface WasmBackend {
  /** Emscripten's module. The single-threaded builds export its memory; the threaded build imports it. */
  readonly wasm: {
    readonly wasmMemory?: WebAssembly.Memory;
    readonly asm?: { readonly memory?: WebAssembly.Memory };
    readonly HEAPU8: Uint8Array;
  };
  /** A new tensor on the heap. This may grow the heap, which detaches all older views. */
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo;
  /** A view of a tensor on the heap. */
  typedArrayFromHeap(info: TensorInfo): Float32Array | Int32Array;
  /** Adds a reference to the data, for one more tensor that shares it. */
  incRef(dataId: DataId): void;
}

/** A kernel on tfjs's WASM backend. */
export const onWasm =
  <Inputs, Attributes>(
    run: (backend: WasmBackend, inputs: Named<Inputs, TensorInfo>, attributes: Attributes) => TensorInfo,
  ): Implementation<Inputs, Attributes> =>
  ({ backend, inputs, attributes }) =>
    run(backend as WasmBackend, inputs, attributes);

const heaps = new WeakMap<WasmBackend, Heap>();

/** The heap of tfjs's WASM backend, always as the same object, so that its row kernels are compiled once. */
export function heapOf(backend: WasmBackend): Heap {
  let heap = heaps.get(backend);
  if (!heap) {
    const { wasm } = backend;
    // If Emscripten renames its memory, row kernels still run in JavaScript, on the buffer of HEAPU8.
    heap = wasm.wasmMemory ?? wasm.asm?.memory ?? { get buffer() { return wasm.HEAPU8.buffer; } }; // prettier-ignore
    heaps.set(backend, heap);
  }
  return heap;
}
