import { backendOf } from '../backend/registry.js';
import type { Reduced } from '../backend/types.js';
import { arange, cast, equal, greater, greaterEqual, reshape, scope, shape, sort, sub, sum, where } from '../backend/ops.js';
import { generator, shuffled } from '../internal/random.js';
import { seeds } from '../internal/domains.js';
import { number, readOptions } from '../internal/options.js';
import { sumOfCounted } from '../masking/maskedReductions.js';
import { shorterLength } from './ldLogProbs.js';
import { checkTokenPairs, mapPair, type Pair } from './pairs.js';

/** Options of {@link samLogProbs}. */
export interface SamLogProbsOptions {
  /** Seed of the random draw, an integer from 0 to 2^32 - 1. Use a new one for each step, the same for policy and reference. */
  readonly seed: number;
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
 * The number n depends only on the two masks of the pair. Which tokens are drawn depends on these masks, the seed, T, and the
 * position of the pair in the batch, but not on other pairs: if a batch is reordered, split or padded further, a pair may draw
 * other tokens. Use the same seed, masks and order for policy and reference, so that the log-ratio is over the same tokens; the
 * authors' code draws separately for the reference.
 *
 * @param logps - Token log-probs in nats, each `[B, T]`.
 * @param masks - 1 for the tokens of the completions, 0 for others, each `[B, T]`.
 * @param options - See {@link SamLogProbsOptions}.
 * @returns Both sides, each `[B]`, in nats.
 * @throws RangeError if shapes differ, the seed is out of range, or a mask holds anything but 0 and 1; on WebGPU and WebGL, the
 *   side with such a mask becomes NaN instead.
 *
 * @example
 * ```ts
 * import { samLogProbs } from 'prefloss';
 * const logps = { chosen: [[-1, -1, -1]], rejected: [[-4, -5, 0]] };
 * const masks = { chosen: [[1, 1, 1]], rejected: [[1, 1, 0]] };
 * const { chosen, rejected } = samLogProbs(logps, masks, { seed: 1 });
 * console.log(chosen[0], rejected[0]); // -2 -9
 * ```
 *
 * @see Lu et al., "Eliminating Biased Length Reliance of Direct Preference Optimization via Down-Sampled KL Divergence", 2024.
 *   https://arxiv.org/abs/2406.10957
 */
export function samLogProbs<T>(logps: Pair<T>, masks: Pair<T>, options: SamLogProbsOptions): Pair<Reduced<T>> {
  const { seed } = readOptions('samLogProbs', options, undefined, { seed: number(seeds) });
  checkTokenPairs('samLogProbs', logps, masks);

  const sizes = shape(logps.chosen) as [number, number];
  // One order serves both sides, because only the longer side of a pair is sampled.
  const order = permutations(generator(seed), sizes);
  return scope(logps.chosen, () => {
    const shared = shorterLength(mapPair(masks, (mask) => cast(mask, 'float')));
    const backend = backendOf<T>(logps.chosen);
    const place = backend.reshape(backend.constant(order), sizes);
    const side = (x: T, mask: T): Reduced<T> => {
      const drawn = where(isDrawn(place, mask, shared), x, 0);
      return sumOfCounted(drawn, mask, -1) as Reduced<T>;
    };
    return { chosen: side(logps.chosen, masks.chosen), rejected: side(logps.rejected, masks.rejected) };
  });
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

/** The numbers `0 .. T - 1` in random order for each row, in row-major order. */
function permutations(random: () => number, [rows, steps]: readonly [number, number]): number[] {
  const places = Array.from({ length: steps }, (_, i) => i);
  return Array.from({ length: rows }, () => shuffled(places, random)).flat();
}
