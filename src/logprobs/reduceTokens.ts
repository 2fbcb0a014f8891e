import { div, sum, where } from '../backend/ops.js';
import { segmentSums, type Segments } from '../masking/segments.js';

/** Sums or means per row `[B]`, or per segment of each row `[B, count]`. */
export type TokenReduction<T> = {
  readonly reduction: 'sum' | 'mean';
  readonly packed: Segments<T> | undefined;
};

/**
 * Reduces the terms of the tokens of rows or of segments. A mean is their sum divided by the sum of their sizes: 0 if that is 0, where the
 * terms are 0 too.
 */
export function reduceTokens<T>(terms: T, sizes: () => T, { reduction, packed }: TokenReduction<T>): T {
  const total = (x: T): T => (packed === undefined ? (sum(x, -1) as T) : segmentSums(x, packed));
  return reduction === 'sum' ? total(terms) : div(total(terms), oneForZero(total(sizes())));
}

/** A number to divide by. */
export const oneForZero = <T>(x: T): T => where(x, x, 1);
