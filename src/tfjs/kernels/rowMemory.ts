import { rowKernels, type RowKernels } from './rowKernels.js';
import type { Heap } from './wasm.js';

/** Matrices of float32, `[rows, n]`, where row kernels get at them. */
export interface RowMemory {
  readonly kernels: RowKernels;
  /**
   * Calls `f` with pointers to some rows, `from <= row < to`, of each input and of the output, where it writes. They may share
   * memory with those of the first input: a row has to be read before it is written.
   */
  readonly forRows: (
    inputs: readonly Float32Array[],
    output: Float32Array | undefined,
    n: number,
    f: (pointers: readonly number[], target: number, from: number, to: number) => void,
  ) => void;
}

/** Rows on the heap of tfjs's WASM backend, where they are. */
export function rowsOnHeap(memory: Heap): RowMemory {
  return {
    kernels: rowKernels(memory),
    forRows(inputs, output, n, f) {
      const pointers = inputs.map((x) => x.byteOffset);
      f(pointers, output?.byteOffset ?? 0, 0, inputs[0]!.length / n);
    },
  };
}

/** Bytes that are copied at a time: few enough to stay in the processor's cache. */
const BLOCK = 1 << 16;
const PAGE = 1 << 16;

/** Rows that are copied into a memory of our own, some at a time, and back. */
export function rowsInCopies(): RowMemory {
  const memory = newMemory();
  return {
    kernels: rowKernels(memory),
    forRows(inputs, output, n, f) {
      const rows = inputs[0]!.length / n;
      const step = Math.max(1, Math.min(rows, Math.floor(BLOCK / (4 * n))));
      const missing = 4 * step * n * inputs.length - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
      const pointers = inputs.map((_, i) => 4 * step * n * i);
      const floats = new Float32Array(memory.buffer);
      for (let from = 0; from < rows; from += step) {
        const to = Math.min(from + step, rows);
        inputs.forEach((x, i) => {
          floats.set(x.subarray(from * n, to * n), step * n * i);
        });
        f(pointers, 0, from, to);
        output?.set(floats.subarray(0, (to - from) * n), from * n);
      }
    },
  };
}

/** A memory that grows; where there is no WebAssembly, a buffer that does as much. */
function newMemory(): Heap & { grow(pages: number): void } {
  if (typeof WebAssembly !== 'undefined') return new WebAssembly.Memory({ initial: 1, maximum: 1 << 16 });
  let buffer = new ArrayBuffer(PAGE);
  return {
    get buffer() {
      return buffer;
    },
    // What was in it has been read: rows are copied in anew.
    grow(pages) {
      buffer = new ArrayBuffer(buffer.byteLength + pages * PAGE);
    },
  };
}
