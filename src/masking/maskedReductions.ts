import { numberIn } from '../backend/describe.js';
import { backendOf } from '../backend/registry.js';
import type { OrPlain, Reduced, ScalarOf } from '../backend/types.js';
import { cast, div, maximum, scope, where } from '../backend/ops.js';
import { checkTensor, checkValues, isReadable, type Checked } from '../internal/checks.js';
import { zeroOrOne } from '../internal/domains.js';

/** Checks that a mask has the shape of `like`, and that it holds only 0 and 1 if it can be read. */
export function checkMask(fn: string, mask: unknown, like: Checked, name = 'mask'): void {
  checkValues(fn, checkTensor(fn, name, mask, { like, orPlain: true, dtype: ['float', 'int', 'bool'] }), zeroOrOne);
}

function check(fn: string, x: unknown, mask: unknown, axis: number | undefined): void {
  const like = checkTensor(fn, 'x', x);
  checkMask(fn, mask, like);
  const rank = like.shape.length;
  if (axis !== undefined && !(Number.isInteger(axis) && axis >= -rank && axis < rank)) {
    throw new RangeError(`${fn}: axis must be an integer in [${-rank}, ${rank}), got ${numberIn(axis)}`);
  }
}

/** Non-zero where a mask is 0 or 1; undefined if that is already known, from its dtype or because its values were checked. */
export function maskHolds<T>(mask: T): T | undefined {
  const backend = backendOf<T>(mask);
  if (backend.dtype(mask) === 'bool' || isReadable(backend, mask)) return undefined;
  return zeroOrOne.holds(cast(mask, 'float'));
}

const reduce = <T>(x: T, axis: number | undefined): T => backendOf<T>(x).sum(x, axis);

/** The values whose mask is 1, 0 elsewhere. A mask that is invalid and cannot be read gives NaN. */
export function counted<T>(x: T, mask: OrPlain<T>): T {
  // Select, do not multiply: 0 * -Infinity is NaN.
  const values = where(mask, x, 0);
  const holds = maskHolds(mask);
  return holds === undefined ? values : where(holds, values, NaN);
}

/** {@link maskedSum} without checks of its arguments. */
export const sumOfCounted = <T>(x: T, mask: OrPlain<T>, axis?: number): unknown => reduce(counted(x, mask), axis);

/** {@link maskedMean} without checks of its arguments. */
export function meanOfCounted<T>(x: T, mask: OrPlain<T>, axis?: number): unknown {
  return div(sumOfCounted(x, mask, axis), maximum(reduce(cast(mask, 'float'), axis), 1));
}

/**
 * Sum of the values whose mask is 1; 0 with zero gradient if there are none. Values whose mask is 0 never affect sum or
 * gradient, not even NaN.
 *
 * @param x - Floats of any shape.
 * @param mask - 1 for counted values, 0 for others, of the same shape; floats, integers or booleans.
 * @returns The sum over all axes, a scalar.
 * @throws RangeError if shapes differ or the mask holds anything but 0 and 1; on WebGPU and WebGL, a sum over such a value
 *   becomes NaN instead.
 */
export function maskedSum<T>(x: T, mask: OrPlain<NoInfer<T>>): ScalarOf<T>;
/**
 * The sums along one axis.
 *
 * @param axis - The axis to sum over; it is removed from the shape. May be negative.
 */
export function maskedSum<T>(x: T, mask: OrPlain<NoInfer<T>>, axis: number): Reduced<T>;
export function maskedSum<T>(x: T, mask: OrPlain<NoInfer<T>>, axis?: number): unknown {
  check('maskedSum', x, mask, axis);
  return scope(x, () => sumOfCounted(x, mask, axis));
}

/**
 * Mean of the values whose mask is 1: their sum divided by their number, not by the size of the axis; 0 with zero gradient if
 * there are none. Values whose mask is 0 never affect mean or gradient, not even NaN.
 *
 * @param x - Floats of any shape.
 * @param mask - 1 for counted values, 0 for others, of the same shape; floats, integers or booleans.
 * @returns The mean over all axes, a scalar.
 * @throws RangeError if shapes differ or the mask holds anything but 0 and 1; on WebGPU and WebGL, a mean over such a value
 *   becomes NaN instead.
 *
 * @example
 * ```ts
 * import { maskedMean } from 'prefloss';
 * console.log(maskedMean([[1, 2, 9], [5, 5, 5]], [[1, 1, 0], [0, 0, 0]], -1)); // 1.5,0
 * ```
 */
export function maskedMean<T>(x: T, mask: OrPlain<NoInfer<T>>): ScalarOf<T>;
/**
 * The means along one axis.
 *
 * @param axis - The axis to average over; it is removed from the shape. May be negative.
 */
export function maskedMean<T>(x: T, mask: OrPlain<NoInfer<T>>, axis: number): Reduced<T>;
export function maskedMean<T>(x: T, mask: OrPlain<NoInfer<T>>, axis?: number): unknown {
  check('maskedMean', x, mask, axis);
  return scope(x, () => meanOfCounted(x, mask, axis));
}
