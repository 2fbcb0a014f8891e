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

/** How far off a number may be. */
export interface Tolerance {
  /** One unit of the error: that of the engine's precision, for a number of this size. */
  readonly unit: number;
  /** The largest error in units. */
  readonly most: number;
  /** What is no error: numbers that float32 may flush to 0, and what is uncertain in the expected number. */
  readonly slack: number;
}

/** The largest error of the numbers that a check compares, in units; undefined as long as none of them may be rounded. */
export interface Errors {
  largest?: number;
}

export const unitOf = (precision: Precision): number => 2 ** -precision;

const EXACT: Tolerance = { unit: 0, most: 0, slack: 0 };

/** The tolerance of a number of the given size. In float64, everything is to be right to 1e-12. */
export function allowed(accuracy: Accuracy, size: number, precision: Precision): Tolerance {
  if (accuracy === 'exact') return EXACT;
  const within = (error: number, of: number): Tolerance => ({
    unit: unitOf(precision) * of,
    most: error / unitOf(precision),
    slack: precision === 53 ? 0 : SMALLEST_NORMAL,
  });
  // WGSL asks no more of a logarithm between 0.5 and 2.
  if (accuracy === 'log' && precision === 24 && size <= Math.LN2) return within(2 ** -21, 1);
  return within(precision === 53 ? 1e-12 : RELATIVE[accuracy], accuracy === 'token' ? Math.max(1, size) : size);
}

/** An error in units. NaN is close to NaN alone, and an infinity to itself. */
function errorOf(got: number, expected: number, { unit, slack }: Tolerance): number {
  if (got === expected || (Number.isNaN(got) && Number.isNaN(expected))) return 0;
  const off = Math.abs(got - expected) - slack;
  if (off <= 0) return 0;
  const error = off / unit;
  return Number.isNaN(error) ? Infinity : error;
}

/** The first of several numbers that is off, in words; undefined if all are close. Their largest error is added to `errors`. */
export function firstOff(
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  toleranceOf: (i: number) => Tolerance = () => EXACT,
  errors: Errors = {},
): string | undefined {
  if (got.length !== expected.length) return `has ${got.length} values, expected ${expected.length}`;
  for (let i = 0; i < expected.length; i++) {
    const tolerance = toleranceOf(i);
    const error = errorOf(got[i]!, expected[i]!, tolerance);
    const { unit, most, slack } = tolerance;
    if (error > most)
      return `is ${got[i]!} at [${i}], expected ${expected[i]!}${most > 0 ? ` within ${(most * unit + slack).toPrecision(2)}` : ''}`;
    if (most > 0) errors.largest = Math.max(errors.largest ?? 0, error);
  }
  return undefined;
}

/** The largest size of several numbers. */
export const largestOf = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
