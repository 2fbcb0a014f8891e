import { add, mul, scope } from '../backend/ops.js';
import { checkFields, checkTensor } from '../internal/checks.js';
import { probability } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';

/** Options of {@link addStatistics}. */
export interface AddStatisticsOptions {
  /**
   * What the earlier sums and counts are multiplied with, in [0, 1]: 1 keeps all that was seen, less forgets it
   * exponentially. Default 1.
   */
  readonly decay?: number;
}

/**
 * Sums and counts of two batches, or of the parts of one, or of several workers:
 *
 *     total = decay * before + now, field by field
 *
 * for what `klStatistics`, `rewardStatistics` and the like give. Means are taken of the total, afterwards.
 *
 * @param before - Scalars on an engine.
 * @param now - The same fields.
 * @param options - See {@link AddStatisticsOptions}.
 * @returns The same fields.
 * @throws TypeError if `now` lacks a field.
 * @throws RangeError if a field is not a scalar.
 *
 * @example
 * ```ts
 * import { addStatistics, klEstimate, klStatistics } from 'prefloss';
 * const first = klStatistics({ policy: [-20], reference: [-21] });
 * const second = klStatistics({ policy: [-31, -8], reference: [-32, -10] });
 * console.log(klEstimate(addStatistics(first, second))); // 1.3333333333333333
 * ```
 */
export function addStatistics<S, R extends { readonly [K in keyof R]: S }>(before: R, now: R, options: AddStatisticsOptions = {}): R {
  if (isEmpty(before)) throw new TypeError('addStatistics: before is no record of scalars');
  const names = Object.keys(before) as (keyof R & string)[];
  checkFields('addStatistics', 'now', now, names);
  const like = checkTensor('addStatistics', `before.${names[0]!}`, before[names[0]!], { rank: 0 });
  for (const name of names) {
    checkTensor('addStatistics', `before.${name}`, before[name], { rank: 0, like });
    checkTensor('addStatistics', `now.${name}`, now[name], { rank: 0, like });
  }
  const { decay } = readOptions('addStatistics', options, like, { decay: number(probability, 1) });
  const total = (name: keyof R): S => add(decay === 1 ? before[name] : mul(before[name], decay), now[name]);
  return scope(like.value, () => Object.fromEntries(names.map((name) => [name, total(name)])) as unknown as R);
}

const isEmpty = (x: unknown): boolean => typeof x !== 'object' || x === null || Object.keys(x).length === 0;
