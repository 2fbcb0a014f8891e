import { describe } from '../backend/describe.js';
import type { OrPlain, Reduced } from '../backend/types.js';
import {
  add,
  arange,
  cast,
  clip,
  constant,
  cumsum,
  equal,
  greater,
  greaterEqual,
  reshape,
  scope,
  shape,
  sort,
  sub,
  sum,
  take,
  where,
} from '../backend/ops.js';
import { checkEach, checkNumber } from '../internal/checks.js';
import { generator } from '../internal/random.js';
import { seeds } from '../internal/domains.js';
import { readOptions, type Reader } from '../internal/options.js';
import { sumOfCounted } from '../masking/maskedReductions.js';
import { shorterLength } from './ldLogProbs.js';
import { checkTokenPairs, mapPair, type Pair } from './pairs.js';

/** Options of {@link samLogProbs}. */
export interface SamLogProbsOptions {
  /**
   * Seeds of the random draws, integers from 0 to 2^32 - 1: one per pair, a list `[B]`, or one for the batch. One seed for the
   * batch gives each pair its own draw, which depends on the position of the pair in the batch.
   */
  readonly seed: number | readonly number[];
}

/**
 * Completion log-probs of SamPO: the longer completion of a pair is down-sampled to the length of the shorter one, so that both
 * are sums over equally many tokens.
 *
 *     n        = min(counted tokens of chosen, counted tokens of rejected)
 *     sequence = sum of the logps of n counted tokens, drawn without replacement
 *
 * The shorter completion is summed in full; if it has no counted tokens, both sums are 0. The gradient is 1 for a drawn token,
 * otherwise 0.
 *
 * With one seed per pair, the draw of a pair depends on its seed and on the numbers of counted tokens of its two sides, not on
 * other pairs, on its position in the batch, or on padding: parts of a batch, in any order and padded to any width, give the
 * values and gradients of the whole batch. Compute the seed from the id of the pair and the step, for example
 * `(step * numberOfPairs + id) % 2 ** 32`; from the id alone if sums of the reference are computed once and kept.
 *
 * Use the same seeds for policy and reference, so that the log-ratio is over the same tokens; the authors' code draws
 * separately for the reference.
 *
 * @param logps - Token log-probs in nats, each `[B, T]`.
 * @param masks - 1 for the tokens of the completions, 0 for others, each `[B, T]`.
 * @param options - See {@link SamLogProbsOptions}.
 * @returns Both sides, each `[B]`, in nats.
 * @throws TypeError if the seed is neither a number nor a list.
 * @throws RangeError if shapes differ, a seed is out of range, or a mask holds anything but 0 and 1; on WebGPU and WebGL, the
 *   side with such a mask becomes NaN instead.
 *
 * @example
 * ```ts
 * import { samLogProbs } from 'prefloss';
 * const logps = { chosen: [[-1, -1, -1]], rejected: [[-4, -5, 0]] };
 * const masks = { chosen: [[1, 1, 1]], rejected: [[1, 1, 0]] };
 * const { chosen, rejected } = samLogProbs(logps, masks, { seed: [1] });
 * console.log(chosen[0], rejected[0]); // -2 -9
 * ```
 *
 * @see Lu et al., "Eliminating Biased Length Reliance of Direct Preference Optimization via Down-Sampled KL Divergence", 2024.
 *   https://arxiv.org/abs/2406.10957
 */
export function samLogProbs<T>(logps: Pair<T>, masks: Pair<OrPlain<NoInfer<T>>>, options: SamLogProbsOptions): Pair<Reduced<T>> {
  const { seed } = readOptions('samLogProbs', options, undefined, { seed: numberOrList });
  checkTokenPairs('samLogProbs', logps, masks);
  const [rows, steps] = shape(logps.chosen) as [number, number];
  const orders = seedsOfPairs(seed, rows).flatMap((own) => randomOrder(steps, generator(own)));

  return scope(logps.chosen, () => {
    const counts = mapPair(masks, (mask) => cast(mask, 'float'));
    const shared = shorterLength(counts);
    // One order serves both sides, because only the longer side of a pair is sampled.
    const order = constant<T>(logps.chosen, orders);
    const side = (x: T, mask: OrPlain<T>, count: OrPlain<T>): Reduced<T> => {
      if (rows === 0) return sumOfCounted(x, mask, -1);
      const drawn = where(isDrawn(placesOfTokens(order, count), mask, shared), x, 0);
      return sumOfCounted(drawn, mask, -1);
    };
    return {
      chosen: side(logps.chosen, masks.chosen, counts.chosen),
      rejected: side(logps.rejected, masks.rejected, counts.rejected),
    };
  });
}

const numberOrList: Reader<number | readonly number[]> = (fn, name, value) => {
  if (Array.isArray(value)) checkEach(fn, name, value as number[], seeds);
  else if (typeof value === 'number') checkNumber(fn, name, value, seeds);
  else throw new TypeError(`${fn}: ${name} is ${describe(value)}, expected a number or a list of numbers`);
  return value;
};

/** One seed per pair; those of a batch with one seed are its random numbers. */
function seedsOfPairs(seed: number | readonly number[], rows: number): readonly number[] {
  if (typeof seed === 'number') {
    const random = generator(seed);
    return Array.from({ length: rows }, () => random() * 2 ** 32);
  }
  if (seed.length === rows) return seed;
  throw new RangeError(`samLogProbs: seed has shape [${seed.length}], expected [${rows}], one per pair`);
}

/** The numbers `0 .. n - 1` in random order. How the first of them compare does not depend on n. */
function randomOrder(n: number, random: () => number): number[] {
  const keys = Array.from({ length: n }, random);
  const sorted = keys.map((_, i) => i).sort((i, j) => keys[i]! - keys[j]!);
  const order = new Array<number>(n);
  sorted.forEach((i, place) => {
    order[i] = place;
  });
  return order;
}

/** The place of each counted token in the order of its row, which goes by counted tokens, `[B, T]`; any place for others. */
function placesOfTokens<T>(order: T, count: T): T {
  const [rows, steps] = shape(count) as [number, number];
  const ordinal = cast(clip(sub(cumsum(count), 1), 0, steps - 1), 'int');
  const starts = Array.from({ length: rows }, (_, i) => [i * steps]);
  const indices = add(ordinal, constant<T>(count, starts, 'int'));
  return reshape<T>(take(order, reshape<T>(indices, [rows * steps])), [rows, steps]);
}

/** Whether a token is among the first `shared` counted tokens of a random order, `[B, T]`. */
function isDrawn<T>(place: T, mask: T, shared: T): T {
  const steps = shape(place)[1]!;
  // Tokens that are not counted come after all counted ones.
  const places = where(mask, place, steps);
  const last = equal(reshape<T>(arange(place, steps), [1, steps]), sub(shared, 1));
  const threshold = reshape<T>(sum(where(last, sort(places), 0), -1), [shape(place)[0]!, 1]);
  return where(greater(shared, 0), greaterEqual(threshold, places), 0);
}
