import type { DataId, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from '../../rows/heap.js';
import type { Implementation } from './kernel.js';
import type { Named } from '../named.js';

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

/** A kernel on tfjs's WASM backend. */
export const onWasm =
  <Inputs, Attributes>(
    run: (backend: WasmBackend, inputs: Named<Inputs, TensorInfo>, attributes: Attributes) => TensorInfo,
  ): Implementation<Inputs, Attributes> =>
  ({ backend, inputs, attributes }) =>
    run(backend as WasmBackend, inputs, attributes);

const heaps = new WeakMap<WasmBackend, Heap>();

/** The heap of tfjs's WASM backend: always the same object, so that row kernels are made for it once. */
export function heapOf(backend: WasmBackend): Heap {
  let heap = heaps.get(backend);
  if (!heap) {
    const { wasm } = backend;
    // If Emscripten's names change, the row kernels in JavaScript still find the bytes.
    heap = wasm.wasmMemory ?? wasm.asm?.memory ?? { get buffer() { return wasm.HEAPU8.buffer; } }; // prettier-ignore
    heaps.set(backend, heap);
  }
  return heap;
}
