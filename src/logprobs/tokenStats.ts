import { backendOf } from '../backend/backend.js';
import {
  arange,
  concat,
  div,
  equal,
  exp,
  log,
  max,
  mul,
  neg,
  reshape,
  scope,
  shape,
  slice,
  square,
  stopGradient,
  sub,
  sum,
  where,
} from '../backend/ops.js';
import { checkTokens, countedRows, isCounted, oneInRange, tokenLogProbsDefinition, type TokenLogProbsOptions } from './tokenLogProbs.js';

/** What {@link tokenStats} gives of each token; all 0 where the label is ignored. */
export interface TokenStats<L> {
  /** Log-prob of the label in nats, at most 0. */
  readonly logps: L;
  /** Entropy of the distribution in nats, from 0 to log V. */
  readonly entropy: L;
  /** 1 where the label is the first of the largest logits, else 0: its mean is the token accuracy. */
  readonly correct: L;
  /** Mean of the V logits. */
  readonly meanLogit: L;
  /** `log(sum over v of p_v^2)`, from -log V to 0: what `wpoWeights` calls `logSumSquares`. */
  readonly logSumSquares: L;
}

/** The names in the order of the kernels' rows. */
const NAMES = ['logps', 'entropy', 'correct', 'meanLogit', 'logSumSquares'] as const;

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
  const { rows, ignoreIndex } = checkTokens('tokenStats', logits, labels, options);
  return scope(logits, () => {
    const stats = statsOf<unknown>(logits, labels, ignoreIndex);
    return named<L>((i) => reshape(slice(stats, i, i + 1), rows));
  });
}

/** By the engine's kernel, or else as defined: `[5, N]`. `logits [..., V]`, `labels [...]`, of N tokens. */
export function statsOf<T>(logits: T, labels: T, ignoreIndex: number): T {
  const kernel = backendOf<T>(logits).tokenStats?.(logits, labels, ignoreIndex);
  if (kernel !== undefined) return kernel;
  const size = shape(labels).reduce((a, b) => a * b, 1);
  const rows = reshape<T>(logits, [size, shape(logits).at(-1)!]);
  return concat(tokenStatsDefinition(rows, reshape<T>(labels, [size]), ignoreIndex).map((x) => reshape<T>(x, [1, size])));
}

/** The statistics under their names, from the one of each row. */
export const named = <L>(of: (i: number) => unknown): TokenStats<L> =>
  Object.fromEntries(NAMES.map((name, i) => [name, stopGradient(of(i))])) as unknown as TokenStats<L>;

/** What the fused kernels compute, in plain operations, in the order of their rows. `logits [N, V]`, `labels [N]`. */
export function tokenStatsDefinition<T>(logits: T, labels: T, ignoreIndex: number): T[] {
  const [size, vocabulary] = backendOf<T>(logits).shape(logits) as [number, number];
  const counts = isCounted(labels, ignoreIndex);
  const rows = countedRows(logits, counts);
  const shifted = sub<T>(rows, reshape<T>(max(rows, -1), [size, 1]));
  const powers = exp(shifted);
  const total = sum(powers, -1) as T;
  // A product with 0 is 0 here, also that of a logit of -Infinity.
  const weighted = sum(where<T>(equal<T>(powers, 0), 0, mul<T>(powers, shifted)), -1) as T;
  const entropy = sub<T>(log(total), div<T>(weighted, total));
  const places = reshape<T>(arange<T>(logits, vocabulary), [1, vocabulary]);
  const first = neg(max(where<T>(equal<T>(shifted, 0), neg(places), -vocabulary), -1) as T);
  const correct = mul<T>(where<T>(equal<T>(labels, first), 1, 0), oneInRange(labels, counts, vocabulary));
  const meanLogit = div<T>(sum(rows, -1) as T, vocabulary);
  const logSumSquares = sub<T>(log(sum(square(powers), -1) as T), mul<T>(log(total), 2));
  return [
    tokenLogProbsDefinition(logits, labels, ignoreIndex),
    ...[entropy, correct, meanLogit, logSumSquares].map((x) => where<T>(counts, x, 0)),
  ];
}
