import { backendOf } from '../backend/registry.js';
import { reshape, scope } from '../backend/ops.js';
import type { TokenStats } from '../backend/types.js';
import { tokenStatsDefinition } from '../definitions/tokenStats.js';
import { checkLogitsAndLabels, type TokenLogProbsOptions } from './tokenLogProbs.js';

/**
 * What there is to log of each token, in one pass over the logits. Nothing of it has a gradient.
 *
 *     p             = softmax(logits)
 *     logps         = log p[label]
 *     entropy       = -sum of p_v log p_v
 *     correct       = 1 where label = argmax(logits)
 *     meanLogit     = mean of logits_v
 *     logSumSquares = log(sum of p_v^2)
 *
 * Where all V logits are equal, the entropy is `log V` and the log of the sum of squares `-log V`. A fused kernel runs where
 * the engine has one (see `listKernels`).
 *
 * @param logits - Unnormalised scores, `[B, T, V]`, or `[N, V]` for flat rows.
 * @param labels - Integers `[B, T]`, or `[N]`, in `[0, V)`, or the ignored one.
 * @param options - See {@link TokenLogProbsOptions}.
 * @returns See {@link TokenStats}; each of the shape of the labels.
 * @throws TypeError if the labels are not integers.
 * @throws RangeError if shapes do not fit, or a label is out of range where values can be read; on WebGPU and WebGL the
 *   log-prob and the correctness of such a token become NaN.
 *
 * @example
 * ```ts
 * import { tokenStats } from 'prefloss';
 * const { entropy, correct } = tokenStats([[[0, 0], [0, Math.log(3)]]], [[0, 0]]);
 * console.log(entropy[0]!.map((x) => x.toFixed(4)), correct[0]); // 0.6931,0.5623 1,0
 * ```
 */
export function tokenStats<T, L>(logits: T, labels: L, options: TokenLogProbsOptions = {}): TokenStats<L> {
  const { rows, size, vocabulary, ignoreIndex } = checkLogitsAndLabels('tokenStats', logits, labels, options);
  return scope(logits, () => {
    const kernel = backendOf<unknown>(logits).tokenStats?.(logits, labels, ignoreIndex);
    if (kernel !== undefined) return kernel as TokenStats<L>;
    const flatLogits = reshape(logits, [size, vocabulary]);
    return mapStats(tokenStatsDefinition(flatLogits, reshape(labels, [size]), ignoreIndex), (x) => reshape<L>(x, rows));
  });
}

/** The same of every statistic. */
export const mapStats = <A, B>({ logps, entropy, correct, meanLogit, logSumSquares }: TokenStats<A>, f: (x: A) => B): TokenStats<B> => ({
  logps: f(logps),
  entropy: f(entropy),
  correct: f(correct),
  meanLogit: f(meanLogit),
  logSumSquares: f(logSumSquares),
});
