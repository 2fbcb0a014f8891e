import { backendOf } from '../backend/registry.js';
import type { Less, ScalarOf } from '../backend/types.js';
import { add, cast, div, maximum, scope, where } from '../backend/ops.js';
import { checkTensor, checkValues, type Checked } from '../internal/checks.js';
import { zeroOrOne } from '../internal/domains.js';

/** Checks that a mask has the shape of what it masks, and holds only 0 and 1. */
export function checkMask(fn: string, mask: unknown, like: Checked, name = 'mask'): void {
  checkValues(fn, checkTensor(fn, name, mask, { like, dtype: ['float', 'int', 'bool'] }), zeroOrOne);
}

function check(fn: string, x: unknown, mask: unknown, axis: number | undefined): void {
  const like = checkTensor(fn, 'x', x);
  checkMask(fn, mask, like);
  const rank = like.shape.length;
  if (axis !== undefined && !(Number.isInteger(axis) && axis >= -rank && axis < rank)) {
    throw new RangeError(`${fn}: axis must be an integer in [${-rank}, ${rank}), got ${String(axis)}`);
  }
}

/** Non-zero where a mask holds 0 or 1; undefined where that is known, by its kind or because its values could be checked. */
export function maskHolds<T>(mask: T): T | undefined {
  const backend = backendOf<T>(mask);
  if (backend.dtype(mask) === 'bool' || backend.peek(mask)) return undefined;
  return zeroOrOne.holds(cast(mask, 'float'));
}

const reduce = <T>(x: T, axis: number | undefined): T => backendOf<T>(x).sum(x, axis);

/** {@link maskedSum} of arguments that were checked. */
export function sumOfCounted<T>(x: T, mask: T, axis?: number): unknown {
  // Select, do not multiply: 0 * -Infinity is NaN.
  const total = reduce(where(mask, x, 0), axis);
  const holds = maskHolds(mask);
  return holds === undefined ? total : add(total, reduce(where(holds, 0, NaN), axis));
}

/** {@link maskedMean} of arguments that were checked. */
export function meanOfCounted<T>(x: T, mask: T, axis?: number): unknown {
  return div(sumOfCounted(x, mask, axis), maximum(reduce(cast(mask, 'float'), axis), 1));
}

/**
 * Sum of the values that the mask counts, over all or over one axis; 0 with zero gradient where it counts none.
 *
 * @param x - Values of any shape.
 * @param mask - 1 for values that count, 0 for others, of the same shape.
 * @throws RangeError if shapes differ or the mask holds anything but 0 and 1; where it cannot be read, the sum becomes NaN.
 */
export function maskedSum<T>(x: T, mask: T): ScalarOf<T>;
/**
 * The sums along one axis.
 *
 * @param axis - The axis to sum over, which falls away.
 */
export function maskedSum<T>(x: T, mask: T, axis: number): Less<T>;
export function maskedSum<T>(x: T, mask: T, axis?: number): unknown {
  check('maskedSum', x, mask, axis);
  return scope(x, () => sumOfCounted(x, mask, axis));
}

/**
 * Mean of the values that the mask counts, over all or over one axis: their sum divided by their number, not by the size
 * of the axis; 0 with zero gradient where it counts none.
 *
 * @param x - Values of any shape.
 * @param mask - 1 for values that count, 0 for others, of the same shape.
 * @throws RangeError if shapes differ or the mask holds anything but 0 and 1; where it cannot be read, the mean becomes NaN.
 *
 * @example
 * ```ts
 * import { maskedMean } from 'prefloss';
 * console.log(maskedMean([[1, 2, 9], [5, 5, 5]], [[1, 1, 0], [0, 0, 0]], -1)); // 1.5,0
 * ```
 */
export function maskedMean<T>(x: T, mask: T): ScalarOf<T>;
/**
 * The means along one axis.
 *
 * @param axis - The axis to average over, which falls away.
 */
export function maskedMean<T>(x: T, mask: T, axis: number): Less<T>;
export function maskedMean<T>(x: T, mask: T, axis?: number): unknown {
  check('maskedMean', x, mask, axis);
  return scope(x, () => meanOfCounted(x, mask, axis));
}
