import { axisFrom0 } from '../backend/arrays/shapes.js';
import { numeric, type T } from './kinds.js';

/** Values that are added up in sequence: in float32, longer sums lose digits. */
const LONGEST = 1024;

/** Sum over one axis, which is removed, or over all axes. */
export function sum(x: T, axis?: number): T {
  const values = numeric(x);
  if (axis === undefined) return total(values.reshape([-1]), 0);
  return total(values, axisFrom0(axis, x.shape));
}

/** A long sum in two stages, of which the first adds up parts of about the square root of the size. Consumes x. */
function total(x: T, axis: number): T {
  const size = x.shape[axis]!;
  if (size <= LONGEST) return x.sum(axis);
  let part = Math.floor(Math.sqrt(size));
  while (size % part !== 0) part--;
  if (part === 1) return x.sum(axis);
  const parts = [...x.shape.slice(0, axis), size / part, part, ...x.shape.slice(axis + 1)];
  return x
    .reshape(parts)
    .sum(axis + 1)
    .sum(axis);
}
