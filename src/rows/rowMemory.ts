import type { Heap } from './heap.js';
import type { RowKernels } from './rowKernels.js';
import { inJavaScript, type FloatArrayClass } from './inJavaScript.js';
import { rowKernelsOn } from './rowKernelsOn.js';

/** Numbers of one precision. */
export type Floats = Float32Array | Float64Array;

/** Gives row kernels access to matrices of floats, `[rows, n]`. */
export interface RowMemory {
  /** The kernels on this memory. */
  readonly kernels: RowKernels;
  /** Bytes of a float. */
  readonly bytes: number;
  /**
   * Calls `f` for blocks of rows, `from <= row < to`, with a pointer to the block in each input and in the output, to which `f`
   * writes. The output may overlap the first input, so `f` must read a row before it writes that row.
   */
  readonly forRows: <Inputs extends Matrices>(
    inputs: Inputs,
    output: Floats | undefined,
    n: number,
    f: (pointers: Pointers<Inputs>, target: number, from: number, to: number) => void,
  ) => void;
}

type Matrices = readonly [Floats, ...Floats[]];

/** One pointer per matrix. */
type Pointers<Inputs extends Matrices> = { readonly [Index in keyof Inputs]: number };

const pointersTo = <Inputs extends Matrices>(inputs: Inputs, pointerOf: (x: Floats, i: number) => number): Pointers<Inputs> =>
  inputs.map(pointerOf) as Pointers<Inputs>;

/** For matrices that are already on the heap: all rows are one block, in place. */
export function rowsOnHeap(heap: Heap): RowMemory {
  return {
    kernels: rowKernelsOn(heap),
    bytes: Float32Array.BYTES_PER_ELEMENT,
    forRows(inputs, output, n, f) {
      const pointers = pointersTo(inputs, (x) => x.byteOffset);
      f(pointers, output?.byteOffset ?? 0, 0, inputs[0].length / n);
    },
  };
}

/** Bytes of a block of one matrix: few enough to stay in the CPU's cache. */
const BLOCK = 1 << 16;
const PAGE = 1 << 16;

/** For matrices of float32 elsewhere: each block is copied into a separate memory, and the result is copied back. */
export function rowsInCopies(): RowMemory {
  const memory = newMemory();
  return inCopies(memory, rowKernelsOn(memory), Float32Array);
}

/** For matrices of float64, in JavaScript. */
function float64RowsInCopies(): RowMemory {
  const memory = newBuffer();
  return inCopies(memory, inJavaScript(memory, Float64Array), Float64Array);
}

let [float32Rows, float64Rows]: [RowMemory | undefined, RowMemory | undefined] = [undefined, undefined];

/** The memory in which rows of this precision are computed. */
export const memoryFor = (x: Floats): RowMemory =>
  x instanceof Float32Array ? (float32Rows ??= rowsInCopies()) : (float64Rows ??= float64RowsInCopies());

/** A heap that can grow. Its contents may be lost. */
interface GrowingHeap extends Heap {
  grow(pages: number): void;
}

function inCopies(memory: GrowingHeap, kernels: RowKernels, FloatArray: FloatArrayClass): RowMemory {
  const bytes = FloatArray.BYTES_PER_ELEMENT;
  return {
    kernels,
    bytes,
    forRows(inputs, output, n, f) {
      const rows = inputs[0].length / n;
      const step = Math.max(1, Math.min(rows, Math.floor(BLOCK / (bytes * n))));
      const missing = bytes * step * n * inputs.length - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
      const pointers = pointersTo(inputs, (_, i) => bytes * step * n * i);
      const floats = new FloatArray(memory.buffer);
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
const newMemory = (): GrowingHeap =>
  typeof WebAssembly === 'undefined' ? newBuffer() : new WebAssembly.Memory({ initial: 1, maximum: 1 << 16 });

function newBuffer(): GrowingHeap {
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
