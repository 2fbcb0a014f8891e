import { rowKernelsBase64 } from './rowKernels.wasm.js';
import type { Heap } from './wasm.js';

/**
 * Functions over rows of float32 in a memory, for the backends that compute on the processor. Pointers are byte offsets
 * into that memory, `n` counts floats. Exponentials are taken of differences to a shift, which is the largest of the row,
 * and added up in float64. A NaN in the row makes every sum NaN.
 */
export interface RowKernels {
  /** The largest value; NaN is passed over. */
  rowMax(x: number, n: number): number;
  /** Sum of `e^(x - shift)`. */
  sumExp(x: number, n: number, shift: number): number;
  /** `out = e^(x - shift) * scale`; `out` may be `x`. */
  scaledExp(x: number, out: number, n: number, shift: number, scale: number): void;
  /** Sets the four sums below, of `d = x - shift`. */
  moments(x: number, n: number, shift: number): void;
  /** Sum of `e^d`. */
  readonly exponentials: { readonly value: number };
  /** Sum of `d e^d`, 0 where `e^d` is. */
  readonly weighted: { readonly value: number };
  /** Sum of `e^2d`. */
  readonly squares: { readonly value: number };
  /** Sum of `d`. */
  readonly differences: { readonly value: number };
  /** Sum of `e^(p - pShift) * ((p - pShift) - (q - qShift))`, 0 where the exponential is. */
  sumExpGap(p: number, q: number, n: number, pShift: number, qShift: number): number;
  /** `out = e^(x - shift) * scale - e^(y - yShift) * yScale`; `out` may be `x`. */
  scaledExpGap(x: number, y: number, out: number, n: number, shift: number, scale: number, yShift: number, yScale: number): void;
}

const instances = new WeakMap<Heap, RowKernels>();

/**
 * The kernels over a memory: in WebAssembly SIMD, or in JavaScript where that may not run (no SIMD, a page whose content
 * security policy forbids it, an old browser that compiles no more than 4 kB at once).
 */
export function rowKernels(memory: Heap): RowKernels {
  const known = instances.get(memory);
  if (known) return known;
  const made = simd(memory) ?? inJavaScript(memory);
  instances.set(memory, made);
  return made;
}

function simd(memory: Heap): RowKernels | undefined {
  try {
    const isShared = typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytesFor(isShared)), {
      env: { memory: memory as WebAssembly.Memory },
    });
    return exports as unknown as RowKernels;
  } catch {
    return undefined;
  }
}

/** The module, which begins with the import of its memory: the flags of that say whether it is shared. */
function bytesFor(isShared: boolean): Uint8Array<ArrayBuffer> {
  const text = atob(rowKernelsBase64);
  const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
  // "memory", its kind (2), its flags: 1 for a maximum, 3 for a maximum of a shared one.
  if (isShared) bytes[text.indexOf('memory') + 7] = 3;
  return bytes;
}

/** The same in JavaScript, in float64 throughout. */
export function inJavaScript(memory: Heap): RowKernels {
  const [exponentials, weighted, squares, differences] = [{ value: 0 }, { value: 0 }, { value: 0 }, { value: 0 }];
  // A view is lost when the memory grows, so that each call takes its own.
  const row = (x: number, n: number): Float32Array => new Float32Array(memory.buffer, x, n);
  return {
    rowMax(x, n) {
      let largest = -Infinity;
      for (const value of row(x, n)) if (value > largest) largest = value;
      return largest;
    },
    sumExp(x, n, shift) {
      const values = row(x, n);
      let sum = 0;
      for (let i = 0; i < n; i++) sum += Math.exp(values[i]! - shift);
      return sum;
    },
    scaledExp(x, out, n, shift, scale) {
      const [values, result] = [row(x, n), row(out, n)];
      for (let i = 0; i < n; i++) result[i] = Math.exp(values[i]! - shift) * scale;
    },
    exponentials,
    weighted,
    squares,
    differences,
    moments(x, n, shift) {
      const values = row(x, n);
      let [sum, dot, square, plain] = [0, 0, 0, 0];
      for (let i = 0; i < n; i++) {
        const d = values[i]! - shift;
        const e = Math.exp(d);
        sum += e;
        dot += e === 0 ? 0 : d * e;
        square += e * e;
        plain += d;
      }
      [exponentials.value, weighted.value, squares.value, differences.value] = [sum, dot, square, plain];
    },
    sumExpGap(p, q, n, pShift, qShift) {
      const [values, others] = [row(p, n), row(q, n)];
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const d = values[i]! - pShift;
        const e = Math.exp(d);
        if (e !== 0) sum += e * (d - (others[i]! - qShift));
      }
      return sum;
    },
    scaledExpGap(x, y, out, n, shift, scale, yShift, yScale) {
      const [values, others, result] = [row(x, n), row(y, n), row(out, n)];
      for (let i = 0; i < n; i++) result[i] = Math.exp(values[i]! - shift) * scale - Math.exp(others[i]! - yShift) * yScale;
    },
  };
}
