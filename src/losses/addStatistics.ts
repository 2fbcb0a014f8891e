import { add, constant, mul, scope } from '../backend/ops.js';
import { checkFields, checkScalars } from '../internal/checks.js';
import { probability } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';

/** Options of {@link addStatistics}. */
export interface AddStatisticsOptions {
  /** Factor on the earlier sums and counts, in [0, 1]: 1 keeps all, smaller values forget them exponentially. Default 1. */
  readonly decay?: number;
}

/**
 * Adds the sums and counts of two batches, of two parts of a batch, or of two workers, field by field:
 *
 *     total = decay * before + now
 *
 * Both are statistics as `klStatistics` or `rewardStatistics` returns them. Add first and divide the total afterwards.
 *
 * @param before - A record of scalars on one engine, or of plain numbers.
 * @param now - A record with the same fields, on the same engine.
 * @param options - See {@link AddStatisticsOptions}.
 * @returns A record with the fields of `before`.
 * @throws TypeError if `before` has no fields, or `now` lacks one of them.
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
export function addStatistics<R extends object>(
  before: { readonly [Name in keyof NoInfer<R>]: NoInfer<R>[Name] | number },
  now: R,
  options: AddStatisticsOptions = {},
): R {
  if (isEmpty(before)) throw new TypeError('addStatistics: before must be a record of at least one scalar');
  const names = Object.keys(before);
  checkFields('addStatistics', 'now', now, names);
  const [earlier, latest] = [before, now] as unknown as readonly Readonly<Record<string, unknown>>[];
  const scalars = names.flatMap((name) => [[`before.${name}`, earlier![name]] as const, [`now.${name}`, latest![name]] as const]);
  const like = checkScalars('addStatistics', Object.fromEntries(scalars));
  const { decay } = readOptions('addStatistics', options, like, { decay: number(probability, 1) });
  const total = (name: string) => constant(like.value, add(decay === 1 ? earlier![name] : mul(earlier![name], decay), latest![name]));
  return scope(like.value, () => Object.fromEntries(names.map((name) => [name, total(name)])) as R);
}

const isEmpty = (x: unknown): boolean => typeof x !== 'object' || x === null || Object.keys(x).length === 0;
