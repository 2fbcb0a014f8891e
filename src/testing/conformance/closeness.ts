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

/**
 * The tolerance of a number of the given size: for a sum, the sum of magnitudes; for a log-prob or statistic of a token, at least 1. In
 * float64, everything is to be right to 1e-12. A gradient is given with the size of the value, as it loses as many digits.
 */
export function allowed(accuracy: Accuracy, size: number, precision: Precision, value = size): Tolerance {
  if (accuracy === 'exact') return EXACT;
  const scale = Math.max(accuracy === 'token' ? 1 : SMALLEST_NORMAL, size);
  const relative = Math.max(...[scale, Math.max(value, SMALLEST_NORMAL)].map(RELATIVE[accuracy]));
  const unit = unitOf(precision);
  return precision === 53
    ? { unit: unit * scale, most: 1e-12 / unit, slack: 0 }
    : { unit: unit * scale, most: relative / unit, slack: SMALLEST_NORMAL };
}

/** An error in units; NaN, which is beyond every tolerance, if the numbers differ and one of them is not finite. */
function errorOf(got: number, expected: number, { unit, slack }: Tolerance): number {
  if (got === expected || (Number.isNaN(got) && Number.isNaN(expected))) return 0;
  if (!Number.isFinite(got) || !Number.isFinite(expected)) return NaN;
  const off = Math.abs(got - expected) - slack;
  return off <= 0 ? 0 : off / unit;
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
    if (Number.isNaN(error) || error > most)
      return `is ${got[i]!} at [${i}], expected ${expected[i]!}${most > 0 ? ` within ${(most * unit + slack).toPrecision(2)}` : ''}`;
    if (most > 0) errors.largest = Math.max(errors.largest ?? 0, error);
  }
  return undefined;
}

/** The largest size of several numbers. */
export const largestOf = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
