import {
  add,
  arange,
  broadcastTo,
  cast,
  concat,
  constant,
  cumsum,
  equal,
  greaterEqual,
  reshape,
  scope,
  shape,
  slice,
  sum,
  where,
} from '../backend/ops.js';
import { backendOf } from '../backend/registry.js';
import type { OrPlain, Raised } from '../backend/types.js';
import { checkNumber, checkTensor, type Checked } from '../internal/checks.js';
import { positiveInteger } from '../internal/domains.js';

/** Which sequence of a packed row each token belongs to. */
export type Segments<L> = {
  /** From 1 on, in the order of the row, each in one piece; 0 on padding. Integers `[B, T]`; a tensor, or plain lists. */
  readonly segments: OrPlain<L>;
  /** The largest number of segments of a row, an integer of at least 1. */
  readonly count: number;
};

/** Excludes {@link Segments}. */
export type WithoutSegments = {
  /** Only for packed rows. */
  readonly segments?: undefined;
  /** Only for packed rows. */
  readonly count?: undefined;
};

/** Checks shape and count of segments, and their numbers if they can be read. */
export function checkSegments(fn: string, { segments, count }: Segments<unknown>, like: Checked): void {
  checkNumber(fn, 'count', count, positiveInteger);
  checkTensor(fn, 'segments', segments, { like, orPlain: true, dtype: ['int'] });
  const values = backendOf(segments).peek(segments);
  if (values) checkNumbers(fn, values, like.shape[1]!, count);
}

function checkNumbers(fn: string, values: ArrayLike<number>, time: number, count: number): void {
  let [before, last] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (i % time === 0) [before, last] = [0, 0];
    const segment = values[i]!;
    if (segment !== 0 && segment !== before) {
      const place = `place ${i % time} of row ${Math.floor(i / time)}`;
      if (segment !== last + 1) {
        const expected = [...(before > 0 ? [before] : []), last + 1].join(', ');
        throw new RangeError(`${fn}: segments has ${segment} at ${place}, expected ${expected} or 0`);
      }
      if (segment > count) throw new RangeError(`${fn}: segments has ${segment} at ${place}, expected at most ${count}, the count`);
      last = segment;
    }
    before = segment;
  }
}

/** The segment of the token before each place, `[B, T]`; 0 before the first. */
function segmentsBefore<T>(segments: T): T {
  const [rows, time] = shape(segments) as [number, number];
  const start = broadcastTo<T>(constant(segments, 0, 'int'), [rows, 1]);
  return time === 1 ? start : concat([start, slice(segments, 0, time - 1, 1)], 1);
}

/** Sums over the segments of each row, `[B, count]`; 0 for a segment that a row does not have. */
export function segmentSums<T>(x: T, { segments, count }: Segments<T>): T {
  const [rows, time] = shape(x) as [number, number];
  if (rows === 0) return reshape<T>(x, [0, count]);
  const own = reshape<T>(constant<T>(x, segments, 'int'), [rows, 1, time]);
  const numbers = reshape<T>(add(arange<T>(x, count), 1), [1, count, 1]);
  return sum(where(equal(own, numbers), reshape<T>(x, [rows, 1, time]), 0), -1) as T;
}

/** Whether the first token of a segment may count: not where masks are aligned with the tokens, because no logits predict it. */
interface CountRule {
  readonly canFirstCount: boolean;
}

/**
 * Checks that no token counts in padding or against the rule, if mask and segments can be read.
 *
 * @returns undefined; for values that cannot be read, `[B, 1]`, NaN for rows with such a token or with invalid segments, 0 for others.
 */
export function segmentMistakes<T>(fn: string, mask: OrPlain<T>, given: Segments<T>, rule: CountRule): T | undefined {
  const [counts, segments] = [mask, given.segments].map((x) => backendOf(x).peek(x));
  if (!counts || !segments) return unreadMistakes(mask, given, rule);
  const time = shape(given.segments)[1]!;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    const [place, row] = [i % time, Math.floor(i / time)];
    if (segments[i] === 0) throw new RangeError(`${fn}: place ${place} of row ${row} counts, but is padding in segments`);
    if (rule.canFirstCount || (place > 0 && segments[i] === segments[i - 1])) continue;
    throw new RangeError(`${fn}: the first token of segment ${segments[i]!} of row ${row} counts, but no logits predict it`);
  }
  return undefined;
}

function unreadMistakes<T>(mask: OrPlain<T>, { segments: given, count }: Segments<T>, { canFirstCount }: CountRule): T {
  const segments = constant<T>(mask, given, 'int');
  const [before, isPadding] = [segmentsBefore(segments), equal(segments, 0)];
  const isInside = equal(segments, before);
  const starts = where(isPadding, 0, where(isInside, 0, 1));
  const isNumbered = equal(cumsum(cast(starts, 'float')), cast(segments, 'float'));
  const holds = where(isPadding, 1, where(isNumbered, greaterEqual(count, segments), 0));
  const canCount = canFirstCount ? where(isPadding, 0, 1) : where(isPadding, 0, isInside);
  const isRight = where(holds, where(mask, canCount, 1), 0);
  return reshape<T>(sum(where(isRight, 0, NaN), -1), [shape(segments)[0]!, 1]);
}

/**
 * Attention mask of packed rows: each token attends to itself and to earlier tokens of its own segment.
 *
 *     mask[b, i, j] = 1 where segments[b, i] = segments[b, j] and j is at most i, otherwise 0
 *
 * With positions that restart in each segment, as `collatePackedPairs` gives them, a model with this mask computes for each segment what
 * it computes for that sequence alone. Padding, segment 0, attends to padding, so that no row of the softmax is empty. The attention mask
 * of a padded batch, 1 on tokens and 0 on padding, is a row of one segment.
 *
 * @param segments - Integers `[B, T]`: the number of the sequence that each token belongs to, 0 on padding.
 * @returns Floats 0 and 1, `[B, T, T]`: queries, then keys. Add an axis for heads, and `(mask - 1) * 1e9` to the scores.
 * @throws RangeError if the segments are not of rank 2.
 *
 * @example
 * ```ts
 * import { segmentAttentionMask } from 'prefloss';
 * console.log(segmentAttentionMask([[1, 1, 2, 0]])[0]!.join(' | ')); // 1,0,0,0 | 1,1,0,0 | 0,0,1,0 | 0,0,0,1
 * ```
 */
export function segmentAttentionMask<T>(segments: T): Raised<T> {
  const { shape: sizes } = checkTensor('segmentAttentionMask', 'segments', segments, { rank: 2, dtype: ['int'] });
  const [rows, time] = sizes as [number, number];
  return scope(segments, () => {
    if (rows === 0) return cast(reshape<T>(segments, [0, time, time]), 'float');
    const isSame = equal(reshape<T>(segments, [rows, time, 1]), reshape<T>(segments, [rows, 1, time]));
    const at = arange<T>(segments, time);
    const isCausal = greaterEqual(reshape<T>(at, [1, time, 1]), reshape<T>(at, [1, 1, time]));
    return cast(where(isSame, isCausal, 0), 'float');
  });
}
