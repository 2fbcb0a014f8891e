import { cast, detached, mul, where } from '../backend/ops.js';
import type { OrPlain } from '../backend/types.js';
import { checkTensor, checkValues, poisonOutside, type Checked } from '../internal/checks.js';
import { notNegative } from '../internal/domains.js';
import type { Reader } from '../internal/options.js';
import { maskHolds } from './maskedReductions.js';

/** Checks that token weights have the shape of `like`, and that they are finite and not negative if they can be read. */
export function checkWeights(fn: string, weights: unknown, like: Checked): void {
  checkValues(fn, checkTensor(fn, 'weights', weights, { like, orPlain: true, dtype: ['float', 'int'] }), notNegative);
}

/** Reads token weights, for functions with an option `weights` like their first argument. */
export const tokenWeights: Reader<unknown> = (fn, _name, value, like) => {
  checkWeights(fn, value, like!);
  return value;
};

/**
 * The weights of the counted tokens, 0 for others, without gradient. Where values cannot be read, an invalid mask and an invalid weight of
 * a counted token become NaN.
 */
export function countedWeights<T>(like: T, weights: OrPlain<T>, mask: OrPlain<T>): T {
  return detached(like, () => {
    const counted = where(mask, poisonOutside(cast(weights, 'float'), notNegative), 0) as T;
    const holds = maskHolds(mask) as T | undefined;
    return holds === undefined ? counted : where(holds, counted, NaN);
  });
}

/** Each value times its weight; 0 with zero gradient where the weight is 0, even if the value is not finite. */
export const weighted = <T>(x: T, weights: T): T => mul(where(weights, x, 0), weights);
