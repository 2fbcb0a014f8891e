/**
 * Functions over rows of float32 on a heap, for engines that compute on the CPU. Pointers are byte offsets into the heap;
 * `n` is the number of floats in a row. Exponentials are computed relative to a shift, the largest value of the row, and
 * summed in float64 (in SIMD, `sumExp` adds four at a time in float32 first). A NaN in a row makes its sums NaN, except in a
 * term that is defined as 0.
 */
export interface RowKernels {
  /** The largest value, skipping NaN; -Infinity if nothing else is left. */
  rowMax(x: number, n: number): number;
  /** Sum of `e^(x - shift)`. */
  sumExp(x: number, n: number, shift: number): number;
  /** `out = e^(x - shift) * scale`; `out` may be `x`. */
  scaledExp(x: number, out: number, n: number, shift: number, scale: number): void;
  /** Sets the four sums below, with `d = x - shift`. */
  moments(x: number, n: number, shift: number): void;
  /** Sum of `e^d`. */
  readonly exponentials: { readonly value: number };
  /** Sum of `d e^d`; a term is 0 where `e^d` is 0. */
  readonly weighted: { readonly value: number };
  /** Sum of `e^2d`. */
  readonly squares: { readonly value: number };
  /** Sum of `d`. */
  readonly differences: { readonly value: number };
  /** Sum of `e^(p - pShift) * ((p - pShift) - (q - qShift))`; a term is 0 where the exponential is 0, whatever `q` is. */
  sumExpGap(p: number, q: number, n: number, pShift: number, qShift: number): number;
  /** `out = e^(x - shift) * scale - e^(y - yShift) * yScale`; `out` may be `x`. */
  scaledExpGap(x: number, y: number, out: number, n: number, shift: number, scale: number, yShift: number, yScale: number): void;
  /** `out = e^(x - shift) * scale * ((x - shift) - (y - yShift) - offset)`; 0 where the exponential is 0; `out` may be `x`. */
  scaledLogRatio(x: number, y: number, out: number, n: number, shift: number, scale: number, yShift: number, offset: number): void;
  /**
   * Sets the two sums below, for `p = e^(x - shift) * scale` and `q = e^(y - yShift) * yScale`, whose log-ratio is
   * `(x - shift) - (y - yShift) - gap`, and their mixture `m = weight q + (1 - weight) p`. A term is 0 where its factor is 0.
   */
  mixtureGaps(
    x: number,
    y: number,
    n: number,
    shift: number,
    scale: number,
    yShift: number,
    yScale: number,
    gap: number,
    weight: number,
  ): void;
  /** Sum of `p log(p / m)`. */
  readonly policyGap: { readonly value: number };
  /** Sum of `q log(q / m)`. */
  readonly referenceGap: { readonly value: number };
  /** `out = e^(x - shift) * scale * (log(p / m) - offset)`, with p and m as in `mixtureGaps`; `out` may be `x`. */
  scaledMixtureGap(
    x: number,
    y: number,
    out: number,
    n: number,
    shift: number,
    scale: number,
    yShift: number,
    gap: number,
    weight: number,
    offset: number,
  ): void;
}
