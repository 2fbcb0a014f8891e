import type { Heap } from './heap.js';
import type { RowKernels } from './rowKernels.js';

/** The class of an array of float32 or of float64. */
export interface FloatArrayClass {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): Float32Array | Float64Array;
}

/**
 * `log(larger / m)` for the larger of two probabilities and their mixture m, from their log-ratio and the weight of the second in m: 0
 * where they are equal, finite where one of them is 0.
 */
function excessOverMixture(ratio: number, weight: number): number {
  const weightOfLarger = ratio > 0 ? 1 - weight : weight;
  const less = (1 - weightOfLarger) * Math.expm1(-Math.abs(ratio)); // m / larger - 1
  // The sum keeps the digits of a small weight.
  return -(less > -0.5 ? Math.log1p(less) : Math.log(weightOfLarger + (1 - weightOfLarger) * Math.exp(-Math.abs(ratio))));
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
        const excess = excessOverMixture(ratio, weight);
        if (p !== 0) ofPolicy += p * (excess + Math.min(ratio, 0));
        if (q !== 0) ofReference += q * (excess - Math.max(ratio, 0));
      }
      [policyGap.value, referenceGap.value] = [ofPolicy, ofReference];
    },
    scaledMixtureGap(x, y, out, n, shift, scale, yShift, gap, weight, offset) {
      const [values, others, result] = [row(x, n), row(y, n), row(out, n)];
      for (let i = 0; i < n; i++) {
        const d = values[i]! - shift;
        const [e, ratio] = [Math.exp(d), d - (others[i]! - yShift) - gap];
        result[i] = e === 0 ? 0 : e * scale * (excessOverMixture(ratio, weight) + Math.min(ratio, 0) - offset);
      }
    },
  };
}
