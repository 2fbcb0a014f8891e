import { constant, detached, square, sub, sum } from '../backend/ops.js';
import type { ScalarOf, Statistic } from '../backend/types.js';
import { checkNumber, checkTensor } from '../internal/checks.js';
import { finite } from '../internal/domains.js';
import { readOptions, type Reader } from '../internal/options.js';

/** Sums and count of the margins of a batch; those of several parts add up, see `addStatistics`. */
export type MarginSums<S> = {
  /** Number of margins, a scalar. */
  readonly count: S;
  /** Sum of the margins, a scalar in nats, detached. */
  readonly sum: S;
  /** Sum of `margin - center`, a scalar in nats, detached. */
  readonly deviations: S;
  /** Sum of `(margin - center)^2`, a scalar, detached. */
  readonly squares: S;
};

/** Options of {@link marginSums}. */
export interface MarginSumsOptions<S> {
  /** A value near the mean of the margins, in nats, the same for all parts of a batch: a number or a scalar. Default 0. */
  readonly center?: S;
}

/**
 * What `marginStatistics` and `adaptiveBeta` need to know of the margins of one batch, as sums that add up over its parts:
 *
 *     count = B      sum = sum of margins      deviations = sum of (margins - center)      squares = sum of (margins - center)^2
 *
 * The variance is `(squares - deviations^2 / count) / (count - 1)` whatever the center, but this difference cancels if the
 * mean is far from the center: its relative error grows with `((mean - center) / std)^2`, by 1e-7 each in float32. The running
 * mean of the previous batch, `previous.mean`, is a good center.
 *
 * @param margins - `logRatioMargin` of each pair, in nats, `[B]`.
 * @param options - See {@link MarginSumsOptions}.
 * @returns Four detached scalars on the engine.
 * @throws RangeError if margins is not of rank 1, or the center is neither a finite number nor a scalar.
 *
 * @example
 * ```ts
 * import { addStatistics, marginStatistics, marginSums } from 'prefloss';
 * const previous = { mean: 1, std: 2 };
 * const part = (margins: number[]) => marginSums(margins, { center: previous.mean });
 * const { mean, std } = marginStatistics(addStatistics(part([3]), part([1, 2])), { previous });
 * console.log(mean.toFixed(4), std.toFixed(4)); // 1.1000 1.9000
 * ```
 */
export function marginSums<T>(margins: T, options: MarginSumsOptions<Statistic<T>> = {}): MarginSums<ScalarOf<T>> {
  const like = checkTensor('marginSums', 'margins', margins, { rank: 1 });
  const { center } = readOptions('marginSums', options, like, { center: numberOrScalar(0) });
  return detached(margins, () => {
    const deviations = sub(margins, center as number);
    return {
      count: constant<ScalarOf<T>>(margins, like.shape[0]!),
      sum: sum(margins),
      deviations: sum(deviations),
      squares: sum(square(deviations)),
    };
  });
}

/** Reads a finite number, or a scalar on the engine of the first argument. */
const numberOrScalar =
  (fallback: number): Reader<unknown> =>
  (fn, name, value = fallback, like) => {
    if (typeof value === 'number') checkNumber(fn, name, value, finite);
    else checkTensor(fn, name, value, { rank: 0, like: like!, orPlain: true });
    return value;
  };
