import type { Heap } from './heap.js';
import type { RowKernels } from './rowKernels.js';

/** The class of an array of float32 or of float64. */
export interface FloatArrayClass {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): Float32Array | Float64Array;
}

/** `log(max(p, q) / m)` with the mixture `m = weight q + (1 - weight) p`: 0 where p and q are equal, finite where one of them is 0. */
function excessOverMixture(p: number, q: number, weight: number): number {
  const weightOfLarger = p > q ? 1 - weight : weight;
  return -Math.log(weightOfLarger + (1 - weightOfLarger) * (Math.min(p, q) / Math.max(p, q)));
}

/** The row kernels in JavaScript. They compute in float64; rows are float32, unless another class is given. */
export function inJavaScript(heap: Heap, FloatArray: FloatArrayClass = Float32Array): RowKernels {
  const [exponentials, weighted, squares, differences] = [{ value: 0 }, { value: 0 }, { value: 0 }, { value: 0 }];
  const [policyGap, referenceGap] = [{ value: 0 }, { value: 0 }];
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
    scaledLogRatio(x, y, out, n, shift, scale, yShift, offset) {
      const [values, others, result] = [row(x, n), row(y, n), row(out, n)];
      for (let i = 0; i < n; i++) {
        const d = values[i]! - shift;
        const e = Math.exp(d);
        result[i] = e === 0 ? 0 : e * scale * (d - (others[i]! - yShift) - offset);
      }
    },
    policyGap,
    referenceGap,
    mixtureGaps(x, y, n, shift, scale, yShift, yScale, gap, weight) {
      const [values, others] = [row(x, n), row(y, n)];
      let [ofPolicy, ofReference] = [0, 0];
      for (let i = 0; i < n; i++) {
        const [d, dy] = [values[i]! - shift, others[i]! - yShift];
        const [p, q, ratio] = [Math.exp(d) * scale, Math.exp(dy) * yScale, d - dy - gap];
        const excess = excessOverMixture(p, q, weight);
        if (p !== 0) ofPolicy += p * (excess + Math.min(ratio, 0));
        if (q !== 0) ofReference += q * (excess - Math.max(ratio, 0));
      }
      [policyGap.value, referenceGap.value] = [ofPolicy, ofReference];
    },
    scaledMixtureGap(x, y, out, n, shift, scale, yShift, yScale, gap, weight, offset, outScale) {
      const [values, others, result] = [row(x, n), row(y, n), row(out, n)];
      for (let i = 0; i < n; i++) {
        const [d, dy] = [values[i]! - shift, others[i]! - yShift];
        const p = Math.exp(d) * scale;
        const excess = excessOverMixture(p, Math.exp(dy) * yScale, weight);
        result[i] = p === 0 ? 0 : p * (excess + Math.min(d - dy - gap, 0) - offset) * outScale;
      }
    },
  };
}
