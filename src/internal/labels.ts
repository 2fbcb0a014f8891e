import { equal, greater, greaterEqual, reshape, shape, where } from '../backend/ops.js';

/**
 * A sentinel that is neither a valid token nor anyone's ignored label: it stands for the ignored label where no row is ignored, and
 * for an invalid label that cannot be read.
 */
export const NO_LABEL = -(2 ** 31);

/** Which labels are not the ignored one. */
export const isCounted = <T>(labels: T, ignoreIndex: number): T => equal(equal(labels, ignoreIndex), 0);

/** Flat logits with zeros for ignored rows, before anything is computed from them: a NaN times 0 would still be a NaN. */
export const countedRows = <T>(logits: T, counts: T): T => where(reshape<T>(counts, [...shape(counts), 1]), logits, 0);

/** 1, and NaN for a label outside the vocabulary that counts. */
export function oneInRange<T>(labels: T, counts: T, vocabulary: number): T {
  const inRange = where(greaterEqual(labels, 0), greater(vocabulary, labels), 0);
  return where(where(counts, inRange, 1), 1, NaN);
}
