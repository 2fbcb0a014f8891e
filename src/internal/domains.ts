import { greater, greaterEqual, where } from '../backend/ops.js';

/** A set of plain numbers: its description for a message, and a test. */
export interface NumberDomain {
  /** Completes the sentence "must be ...". */
  readonly words: string;
  /** Whether a number is in the domain. */
  has(value: number): boolean;
}

/** A set of numbers, with the same test in engine operations. */
export interface Domain extends NumberDomain {
  /** Non-zero where the tensor's values are in the domain. */
  holds<T>(x: T): T;
}

/** Compares with the largest float32 number, because not every GPU supports infinities. */
const isFiniteFloat = <T>(x: T): T => where(greaterEqual(3.4028234e38, x), greaterEqual(x, -3.4028234e38), 0);

/** Finite numbers above 0. */
export const positive: Domain = {
  words: 'finite and > 0',
  has: (v) => v > 0 && v < Infinity,
  holds: (x) => where(greater(x, 0), isFiniteFloat(x), 0),
};

/** Finite numbers above 1. */
export const aboveOne: NumberDomain = { words: 'finite and > 1', has: (v) => v > 1 && v < Infinity };

/** Fractions in `(0, 1]`. */
export const fraction: Domain = {
  words: 'in (0, 1]',
  has: (v) => v > 0 && v <= 1,
  holds: (x) => where(greater(x, 0), greaterEqual(1, x), 0),
};

/** All finite numbers. */
export const finite: Domain = {
  words: 'finite',
  has: Number.isFinite,
  holds: isFiniteFloat,
};

/** All finite numbers but 0. */
export const notZero: NumberDomain = { words: 'finite and not 0', has: (v) => v !== 0 && Number.isFinite(v) };

/** Non-negative finite numbers. */
export const notNegative: Domain = {
  words: 'finite and >= 0',
  has: (v) => v >= 0 && v < Infinity,
  holds: (x) => where(greaterEqual(x, 0), isFiniteFloat(x), 0),
};

/** What rounding may add to a log-prob near 0. */
const ROUNDING = 1e-3;

/** Log-probs, up to rounding. NaN passes: it makes the loss NaN. */
export const atMostZero: Domain = {
  words: 'at most 0',
  has: (v) => !(v > ROUNDING),
  holds: (x) => greaterEqual(ROUNDING, x),
};

/** Positive integers: counts of at least one. */
export const positiveInteger: NumberDomain = { words: 'an integer >= 1', has: (v) => Number.isInteger(v) && v >= 1 };

/** Non-negative integers. */
export const wholeNumber: NumberDomain = { words: 'an integer >= 0', has: (v) => Number.isInteger(v) && v >= 0 };

/** Fractions in `[0, 1)`. */
export const belowOne: NumberDomain = { words: 'in [0, 1)', has: (v) => v >= 0 && v < 1 };

/** Fractions strictly between 0 and 1. */
export const properFraction: Domain = {
  words: 'in (0, 1)',
  has: (v) => v > 0 && v < 1,
  holds: (x) => where(greater(x, 0), greater(1, x), 0),
};

/** Probabilities that a label is flipped. At 0.5, labels would carry no information. */
export const labelNoise: NumberDomain = { words: 'in [0, 0.5)', has: (v) => v >= 0 && v < 0.5 };

/** Numbers in the closed interval `[0, 1]`. */
export const probability: Domain = {
  words: 'in [0, 1]',
  has: (v) => v >= 0 && v <= 1,
  holds: (x) => where(greaterEqual(x, 0), greaterEqual(1, x), 0),
};

/** The numbers 0 and 1. */
export const zeroOrOne: Domain = {
  words: '0 or 1',
  has: (v) => v === 0 || v === 1,
  holds: (x) => where(greater(x, 0), where(greaterEqual(x, 1), greaterEqual(1, x), 0), greaterEqual(x, 0)),
};

/** Seeds of a random number generator. */
export const seeds: NumberDomain = { words: 'an integer in [0, 2^32)', has: (v) => Number.isInteger(v) && v >= 0 && v < 2 ** 32 };
