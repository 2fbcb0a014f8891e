import type { Accuracy } from './valueCase.js';

/** The precision of an engine: bits of a float. */
export type Precision = 24 | 53;

/** Smaller numbers may become 0 in float32. */
export const SMALLEST_NORMAL = 2 ** -126;

/** Rounding to float32 changes a number by no more. */
const ROUNDING = 2 ** -24;

/** A function that is off by no more than this, relative to its value, while that is between e^-10 and e^10. */
const FUNCTION = 1e-6;

/** Largest relative errors in float32. */
const RELATIVE: Readonly<Record<Accuracy, (value: number) => number>> = {
  exact: () => 0,
  arithmetic: () => ROUNDING,
  // 2.5 units in the last place, which WebGPU allows.
  quotient: () => 5 * ROUNDING,
  // e^x, with its argument rounded to float32, has a relative error that grows with x.
  function: (value) => FUNCTION * Math.max(1, Math.abs(Math.log(value)) / 10),
  sum: () => 1e-6,
  token: () => 5e-6,
};

/**
 * Largest error of a number of the given size: for a sum, the sum of magnitudes; for a log-prob or statistic of a token, at least 1. In
 * float64, everything is to be right to 1e-12. A gradient is given with the size of the value, as it loses as many digits.
 */
export function allowed(accuracy: Accuracy, size: number, precision: Precision, value = size): number {
  if (accuracy === 'exact') return 0;
  const scale = Math.max(accuracy === 'token' ? 1 : SMALLEST_NORMAL, size);
  if (precision === 53) return 1e-12 * scale;
  const relative = Math.max(RELATIVE[accuracy](scale), RELATIVE[accuracy](Math.max(value, SMALLEST_NORMAL)));
  return relative * scale + SMALLEST_NORMAL;
}

/** Whether a number is within `error` of the expected one. NaN is close to NaN alone, and an infinity to itself. */
function isClose(got: number, expected: number, error: number): boolean {
  if (got === expected || (Number.isNaN(got) && Number.isNaN(expected))) return true;
  return Number.isFinite(got) && Number.isFinite(expected) && Math.abs(got - expected) <= error;
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
