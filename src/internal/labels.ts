import { equal, greater, greaterEqual, reshape, shape, where } from '../backend/ops.js';

/**
 * A label that is not a token, and not expected as an ignored label either. It serves as the ignored label where no row is
 * ignored, and replaces labels whose mask is invalid and cannot be read.
 */
export const NO_LABEL = -(2 ** 31);

/** The label of tokens that a mask does not count. Unlike -100, no caller uses it, so a counted token never equals it. */
export const UNCOUNTED = -(2 ** 30);

/** 1 where a label is not the ignored one, otherwise 0. */
export const isCounted = <T>(labels: T, ignoreIndex: number): T => equal(equal(labels, ignoreIndex), 0);

/** Flat logits with zeros in the ignored rows. Masking only the result would leave NaN in the gradient: 0 times NaN is NaN. */
export const countedRows = <T>(logits: T, counts: T): T => where(reshape<T>(counts, [...shape(counts), 1]), logits, 0);

/** 1; NaN where a label is neither ignored nor in the vocabulary. */
export function oneInRange<T>(labels: T, counts: T, vocabulary: number): T {
  const inRange = where(greaterEqual(labels, 0), greater(vocabulary, labels), 0);
  return where(where(counts, inRange, 1), 1, NaN);
}
