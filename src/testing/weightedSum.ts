import { sizeOf } from '../backend/arrays/shapes.js';
import { mul, reshape, shape, sum } from '../backend/ops.js';
import { backendOf } from '../backend/registry.js';

/** Weight of value `i` of a result. */
export const weight = (i: number): number => Math.fround(1 + 0.4 * Math.sin(3 * i + 1));

/** A sum with unequal weights, which shows errors that would cancel in a plain sum. */
export function weightedSum<T>(y: T): T {
  const sizes = shape(y);
  const weights = backendOf<T>(y).constant(Array.from({ length: sizeOf(sizes) }, (_, i) => weight(i)));
  return sum(mul(y, reshape<T>(weights, sizes))) as T;
}
