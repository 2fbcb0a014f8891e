import type { Heap } from './heap.js';
import type { RowKernels } from './rowKernels.js';
import { rowKernelsOn } from './rowKernelsOn.js';

/** Gives row kernels access to matrices of float32, `[rows, n]`. */
export interface RowMemory {
  /** The kernels on this memory. */
  readonly kernels: RowKernels;
  /**
   * Calls `f` for blocks of rows, `from <= row < to`, with a pointer to the block in each input and in the output, to which `f`
   * writes. The output may overlap the first input, so `f` must read a row before it writes that row.
   */
  readonly forRows: <Inputs extends Matrices>(
    inputs: Inputs,
    output: Float32Array | undefined,
    n: number,
    f: (pointers: Pointers<Inputs>, target: number, from: number, to: number) => void,
  ) => void;
}

type Matrices = readonly [Float32Array, ...Float32Array[]];

/** One pointer per matrix. */
type Pointers<Inputs extends Matrices> = { readonly [Index in keyof Inputs]: number };

const pointersTo = <Inputs extends Matrices>(inputs: Inputs, pointerOf: (x: Float32Array, i: number) => number): Pointers<Inputs> =>
  inputs.map(pointerOf) as Pointers<Inputs>;

/** For matrices that are already on the heap: all rows are one block, in place. */
export function rowsOnHeap(heap: Heap): RowMemory {
  return {
    kernels: rowKernelsOn(heap),
    forRows(inputs, output, n, f) {
      const pointers = pointersTo(inputs, (x) => x.byteOffset);
      f(pointers, output?.byteOffset ?? 0, 0, inputs[0].length / n);
    },
  };
}

/** Bytes of a block of one matrix: few enough to stay in the CPU's cache. */
const BLOCK = 1 << 16;
const PAGE = 1 << 16;

/** For matrices elsewhere: each block is copied into a separate memory, and the result is copied back. */
export function rowsInCopies(): RowMemory {
  const memory = newMemory();
  return {
    kernels: rowKernelsOn(memory),
    forRows(inputs, output, n, f) {
      const rows = inputs[0].length / n;
      const step = Math.max(1, Math.min(rows, Math.floor(BLOCK / (4 * n))));
      const missing = 4 * step * n * inputs.length - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
      const pointers = pointersTo(inputs, (_, i) => 4 * step * n * i);
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

/** A WebAssembly memory; without WebAssembly, a buffer with the same `grow`. */
function newMemory(): Heap & { grow(pages: number): void } {
  if (typeof WebAssembly !== 'undefined') return new WebAssembly.Memory({ initial: 1, maximum: 1 << 16 });
  let buffer = new ArrayBuffer(PAGE);
  return {
    get buffer() {
      return buffer;
    },
    // The old contents are not kept: each block is copied in before it is used.
    grow(pages) {
      buffer = new ArrayBuffer(buffer.byteLength + pages * PAGE);
    },
  };
}
