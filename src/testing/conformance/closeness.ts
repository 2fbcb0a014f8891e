import type { Accuracy } from './valueCase.js';

/** The precision of an engine: bits of a float. */
export type Precision = 24 | 53;

/** Smaller numbers may become 0 in float32. */
export const SMALLEST_NORMAL = 2 ** -126;

/**
 * Largest errors in float32, relative to the value. `'arithmetic'`: 2.5 units in the last place, which WebGPU allows a quotient. `'sum'`:
 * relative to the sum of magnitudes. `'token'`, a log-prob or statistic of a token: relative to at least 1.
 */
const RELATIVE: Readonly<Record<Accuracy, number>> = {
  exact: 0,
  arithmetic: 5 * 2 ** -24,
  function: 1e-5,
  log: 1e-5,
  sum: 1e-6,
  token: 5e-6,
};

/** Largest error of a number of the given size. In float64, everything is to be right to 1e-12. */
export function allowed(accuracy: Accuracy, size: number, precision: Precision): number {
  if (accuracy === 'exact') return 0;
  // WGSL asks no more of a logarithm between 0.5 and 2.
  if (accuracy === 'log' && precision === 24 && size <= Math.LN2) return 2 ** -21;
  const scale = accuracy === 'token' ? Math.max(1, size) : size;
  return precision === 53 ? 1e-12 * scale : RELATIVE[accuracy] * scale + SMALLEST_NORMAL;
}

/** Whether a number is within `error` of the expected one. NaN is close to NaN alone, and an infinity to itself. */
function isClose(got: number, expected: number, error: number): boolean {
  if (got === expected || (Number.isNaN(got) && Number.isNaN(expected))) return true;
  return Number.isFinite(got) && Math.abs(got - expected) <= error;
}

/** The first of several numbers that is off, in words; undefined if all are close. */
export function firstOff(
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  errorOf: (i: number) => number = () => 0,
): string | undefined {
  if (got.length !== expected.length) return `has ${got.length} values, expected ${expected.length}`;
  for (let i = 0; i < expected.length; i++) {
    if (isClose(got[i]!, expected[i]!, errorOf(i))) continue;
    const tolerance = errorOf(i);
    return `is ${got[i]!} at [${i}], expected ${expected[i]!}${tolerance > 0 ? ` within ${tolerance.toPrecision(2)}` : ''}`;
  }
  return undefined;
}

/** The largest size of several numbers. */
export const largestOf = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
