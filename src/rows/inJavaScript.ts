import type { Heap } from './heap.js';
import type { RowKernels } from './rowKernels.js';

/** The class of an array of float32 or of float64. */
export interface FloatArrayClass {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): Float32Array | Float64Array;
}

/** The row kernels in JavaScript. They compute in float64; rows are float32, unless another class is given. */
export function inJavaScript(heap: Heap, FloatArray: FloatArrayClass = Float32Array): RowKernels {
  const [exponentials, weighted, squares, differences] = [{ value: 0 }, { value: 0 }, { value: 0 }, { value: 0 }];
  // A view is detached when the heap grows, so each call takes a new one.
  const row = (x: number, n: number): Float32Array | Float64Array => new FloatArray(heap.buffer, x, n);
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
