import { isInMemory } from '../backend/arrays/onValues.js';
import { backendOf } from '../backend/registry.js';
import { constant, detached, reshape, sum } from '../backend/ops.js';
import type { TokenStats } from '../backend/types.js';
import { tokenStatsDefinition } from '../definitions/tokenStats.js';
import { tokenStatsInMemory } from '../rows/tokenStats.js';
import { checkLogitsAndLabels, type TokenLogProbsOptions, type TokensOf } from './tokenLogProbs.js';

/**
 * Per-token statistics for logging. All are detached: no gradient reaches the logits.
 *
 *     p             = softmax(logits)
 *     logps         = log p[label]
 *     entropy       = -sum of p_v log p_v
 *     correct       = 1 if label = argmax(logits), otherwise 0
 *     meanLogit     = mean of logits_v
 *     logSumSquares = log(sum of p_v^2)
 *
 * All are 0 for ignored tokens. Where all V logits are equal, `entropy` is `log V` and `logSumSquares` is `-log V`. One fused
 * kernel computes all statistics of values in memory, and on TensorFlow.js where `listKernels` has it.
 *
 * @param logits - Unnormalised scores, `[B, T, V]`, or `[N, V]` for flat rows.
 * @param labels - Integers in `[0, V)` or the ignored label, `[B, T]`, or `[N]`; a tensor, or a plain list on any engine.
 * @param options - See {@link TokenLogProbsOptions}.
 * @returns See {@link TokenStats}; each statistic is a tensor of floats with the shape of the labels.
 * @throws TypeError if a tensor of logits does not hold floats, or a tensor of labels does not hold integers.
 * @throws RangeError if shapes do not fit, `ignoreIndex` is a token, or a label is not an integer in `[0, V)` or the ignored one;
 *   on WebGPU and WebGL, `logps` and `correct` of a token with such a label become NaN instead.
 *
 * @example
 * ```ts
 * import { tokenStats } from 'prefloss';
 * const { entropy, correct } = tokenStats([[[0, 0], [0, Math.log(3)]]], [[0, 0]]);
 * console.log(entropy[0]!.map((x) => x.toFixed(4)), correct[0]); // 0.6931,0.5623 1,0
 * ```
 */
export function tokenStats<T, L>(logits: T, labels: L, options: TokenLogProbsOptions = {}): TokenStats<TokensOf<T, L>> {
  const { rows, size, vocabulary, ignoreIndex } = checkLogitsAndLabels('tokenStats', logits, labels, options);
  return detached(logits, () => {
    if (size === 0) return statsOfNone(() => sum(logits, -1) as TokensOf<T, L>);
    const own = constant<unknown>(logits, labels, 'int');
    const backend = backendOf<unknown>(logits, own);
    if (isInMemory(backend)) {
      const [logps, entropy, correct, meanLogit, logSumSquares] = backend.onValues([logits, own], tokenStatsInMemory(ignoreIndex));
      return { logps, entropy, correct, meanLogit, logSumSquares } as TokenStats<TokensOf<T, L>>;
    }
    const kernel = backend.tokenStats?.(logits, own, ignoreIndex);
    if (kernel !== undefined) return kernel as TokenStats<TokensOf<T, L>>;
    const flatLogits = reshape(logits, [size, vocabulary]);
    return mapStats(tokenStatsDefinition(flatLogits, reshape(own, [size]), ignoreIndex), (x) => reshape<TokensOf<T, L>>(x, rows));
  });
}

/** The statistics of no tokens, `none()` each. */
export const statsOfNone = <T>(none: () => T): TokenStats<T> => ({
  logps: none(),
  entropy: none(),
  correct: none(),
  meanLogit: none(),
  logSumSquares: none(),
});

/** Applies `f` to every statistic. */
export const mapStats = <A, B>({ logps, entropy, correct, meanLogit, logSumSquares }: TokenStats<A>, f: (x: A) => B): TokenStats<B> => ({
  logps: f(logps),
  entropy: f(entropy),
  correct: f(correct),
  meanLogit: f(meanLogit),
  logSumSquares: f(logSumSquares),
});
