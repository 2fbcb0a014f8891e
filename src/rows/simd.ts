import type { Heap } from './heap.js';
import type { RowKernels } from './rowKernels.js';
import { simdHex } from './simd.wasm.js';

/** The row kernels in WebAssembly SIMD; undefined if they cannot run. */
export function inSimd(heap: Heap): RowKernels | undefined {
  try {
    const isShared = typeof SharedArrayBuffer !== 'undefined' && heap.buffer instanceof SharedArrayBuffer;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytesFor(isShared)), {
      env: { memory: heap as WebAssembly.Memory },
    });
    return exports as unknown as RowKernels;
  } catch {
    return undefined;
  }
}

/** The bytes of the module. The import of its memory has flags that must match whether that memory is shared. */
function bytesFor(isShared: boolean): Uint8Array<ArrayBuffer> {
  // The name "memory" is followed by the import kind (2) and the flags: 1 for a maximum, 3 for a maximum and a shared memory.
  const hex = isShared ? simdHex.replace('6d656d6f72790201', '6d656d6f72790203') : simdHex;
  return Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
}
