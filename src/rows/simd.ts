import type { Heap } from './heap.js';
import type { RowKernels } from './rowKernels.js';
import { simdBase64 } from './simd.wasm.js';

/** The row kernels in WebAssembly SIMD; undefined where it cannot run. */
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

/** The compiled module. It begins with the import of its memory, whose flags say whether the memory is shared. */
function bytesFor(isShared: boolean): Uint8Array<ArrayBuffer> {
  const text = atob(simdBase64);
  const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
  // After the name "memory" come its kind (2) and its flags: 1 for a maximum, 3 for a maximum and a shared memory.
  if (isShared) bytes[text.indexOf('memory') + 7] = 3;
  return bytes;
}
