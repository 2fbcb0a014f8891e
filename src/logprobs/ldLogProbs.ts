import type { OrPlain, Reduced } from '../backend/types.js';
import { cast, cumsum, greaterEqual, minimum, mul, reshape, scope, shape, sum, where } from '../backend/ops.js';
import { number, readOptions } from '../internal/options.js';
import { probability } from '../internal/domains.js';
import { sumOfCounted } from '../masking/maskedReductions.js';
import { checkTokenPairs, mapPair, type Pair } from './pairs.js';

/** Options of {@link ldLogProbs}. */
export interface LdLogProbsOptions {
  /** Weight of the tokens beyond the length of the other completion, in [0, 1]; 1 gives plain sums. */
  readonly alpha: number;
}

/**
 * Completion log-probs of LD-DPO (length-desensitised DPO): tokens beyond the length of the other completion of the pair have a
 * smaller weight.
 *
 *     n        = min(counted tokens of chosen, counted tokens of rejected)
 *     sequence = (sum of the first n counted logps) + alpha * (sum of the others)
 *
 * The gradient is 1 for the first n counted tokens, alpha for the counted tokens after them, and 0 where the mask is 0. Apply
 * the function to the log-probs of policy and reference, with the same masks and alpha, and pass the results to {@link dpo} or
 * another loss.
 *
 * @param logps - Token log-probs in nats, each `[B, T]`.
 * @param masks - 1 for the tokens of the completions, 0 for others, each `[B, T]`.
 * @param options - See {@link LdLogProbsOptions}.
 * @returns Both sides, each `[B]`, in nats.
 * @throws RangeError if shapes differ, alpha is outside [0, 1], or a mask holds anything but 0 and 1; on WebGPU and WebGL, the
 *   side with such a mask becomes NaN instead.
 *
 * @example
 * ```ts
 * import { ldLogProbs } from 'prefloss';
 * const logps = { chosen: [[-1, -2, -3]], rejected: [[-4, -5, 0]] };
 * const masks = { chosen: [[1, 1, 1]], rejected: [[1, 1, 0]] };
 * const { chosen, rejected } = ldLogProbs(logps, masks, { alpha: 0.5 });
 * console.log(chosen[0], rejected[0]); // -4.5 -9
 * ```
 *
 * @see Liu et al., "Length Desensitization in Direct Preference Optimization", 2024. https://arxiv.org/abs/2409.06411
 */
export function ldLogProbs<T>(logps: Pair<T>, masks: Pair<OrPlain<NoInfer<T>>>, options: LdLogProbsOptions): Pair<Reduced<T>> {
  const { alpha } = readOptions('ldLogProbs', options, undefined, { alpha: number(probability) });
  checkTokenPairs('ldLogProbs', logps, masks);

  return scope(logps.chosen, () => {
    const counts = mapPair(masks, (mask) => cast(mask, 'float'));
    const shared = shorterLength(counts);
    const side = (x: T, mask: OrPlain<T>, count: OrPlain<T>): Reduced<T> => {
      const weights = where(greaterEqual(shared, cumsum(count)), 1, alpha);
      return sumOfCounted(mul(x, weights), mask, -1);
    };
    return {
      chosen: side(logps.chosen, masks.chosen, counts.chosen),
      rejected: side(logps.rejected, masks.rejected, counts.rejected),
    };
  });
}

/** The number of counted tokens of the shorter side of each pair, `[B, 1]`, from masks as floats. */
export function shorterLength<T>(counts: Pair<T>): T {
  const shorter = minimum(sum(counts.chosen, -1), sum(counts.rejected, -1));
  return reshape<T>(shorter, [shape(counts.chosen)[0]!, 1]);
}
