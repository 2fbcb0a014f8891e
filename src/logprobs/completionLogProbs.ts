import { backendOf } from '../backend/registry.js';
import { add, cast, constant, reshape, scope, shape, slice, where } from '../backend/ops.js';
import type { OrPlain, Reduced } from '../backend/types.js';
import { checkFields, checkTensor, checkUnused, type Checked } from '../internal/checks.js';
import { isCounted, UNCOUNTED } from '../internal/labels.js';
import { vocabularyAxis } from '../internal/weightLayout.js';
import { choice, optional, readOptions } from '../internal/options.js';
import { anyIgnoreIndex, checkIgnoreIndex, IGNORE_INDEX } from '../masking/ignoreIndex.js';
import { labelsOfCounted, shifted } from '../masking/labels.js';
import { checkMask } from '../masking/maskedReductions.js';
import { checkSegments, segmentMistakes, type Segments, type WithoutSegments } from '../masking/segments.js';
import { checkWeights, countedWeights, weighted } from '../masking/tokenWeights.js';
import type { LinearHead } from './linearHead.js';
import { linearTokenLogProbs, type LinearTokenLogProbsOptions } from './linearTokenLogProbs.js';
import { reduceTokens } from './reduceTokens.js';
import { tokenLogProbs } from './tokenLogProbs.js';

/** The tokens of a batch, and which of them count. `L` is the type of a tensor `[B, T]`. */
export type CompletionTokens<L> =
  | {
      /** Integers `[B, T]`; a tensor, or plain lists. Tokens that do not count may be anything. */
      readonly tokens: OrPlain<L>;
      /** 1 for the tokens of the completion, 0 for prompt and padding, `[B, T]`; a tensor, or plain lists. */
      readonly mask: OrPlain<L>;
      /** Mutually exclusive with `tokens` and `mask`. */
      readonly labels?: undefined;
    }
  | {
      /** Both at once: the token where it counts, the ignored label elsewhere, as collators make them; integers `[B, T]`. */
      readonly labels: OrPlain<L>;
      /** Mutually exclusive with `labels`. */
      readonly tokens?: undefined;
      /** Mutually exclusive with `labels`. */
      readonly mask?: undefined;
    };

/** Weights of the tokens of a batch. */
export type CompletionWeights<L> = {
  /** Finite and not negative, `[B, T]`; a tensor, or plain lists; data, without gradient. By default, each token weighs 1. */
  readonly weights?: OrPlain<L>;
};

/**
 * The tokens of a batch, and which of them count, for {@link completionLogProbs}. Nothing is shifted: place t of each row is the
 * token that the model reads at place t. `L` is the type of a tensor `[B, T]`.
 */
export type CompletionBatch<L> = CompletionTokens<L> & CompletionWeights<L> & WithoutSegments;

/** A batch of packed rows for {@link completionLogProbs}: a {@link CompletionBatch} with {@link Segments}. */
export type PackedCompletionBatch<L> = CompletionTokens<L> & CompletionWeights<L> & Segments<L>;

/** Options of {@link completionLogProbs}. */
export interface CompletionLogProbsOptions {
  /** `'sum'` gives the log-prob of the whole completion, `'mean'` its mean per counted token. Default `'sum'`. */
  readonly reduction?: 'sum' | 'mean';
  /** The label of tokens that do not count, an integer outside `[0, V)`, only for `labels`. Default {@link IGNORE_INDEX}, -100. */
  readonly ignoreIndex?: number;
}

/**
 * Log-probs of completions from the hidden states before the output embedding, without the logits as a whole: see below, and
 * {@link linearTokenLogProbs}.
 *
 * @param head - Hidden states and output embedding, see {@link LinearHead}.
 * @param options - See {@link CompletionLogProbsOptions} and {@link LinearTokenLogProbsOptions}.
 */
export function completionLogProbs<H, W>(
  head: LinearHead<H, W>,
  batch: CompletionBatch<Reduced<NoInfer<H>>>,
  options?: CompletionLogProbsOptions & LinearTokenLogProbsOptions,
): Reduced<Reduced<H>>;
/**
 * Log-probs of completions, from what a model returns and what it read: the one call between a model and a loss.
 *
 *     logp[b, t] = log softmax(logits[b, t - 1])[tokens[b, t]]
 *     sum:  S[b] = sum over t of mask[b, t] * logp[b, t]
 *     mean: A[b] = S[b] / (number of counted tokens of b)
 *
 *     with batch.weights w:  S[b] = sum over t of w[b, t] * mask[b, t] * logp[b, t]
 *                            A[b] = S[b] / (sum over t of w[b, t] * mask[b, t])
 *
 * Most losses take sums; see `logps` of each loss in `losses` for those that take means. With all chosen rows first, then all
 * rejected rows, `splitPairs` of the result makes pairs. A completion without counted tokens gives 0 with zero gradient.
 *
 * The function shifts tokens, mask and weights itself, and equals `sequenceLogProbs(tokenLogProbs(logits, labels), maskFromLabels(labels))`
 * with `labels = shiftLabels(labelsFromMask(tokens, mask))`. A mask that counts the first token of a row is an error: no logits
 * predict that token, so the mask is wrong or was shifted before.
 *
 * @param logits - Unnormalised scores, `[B, T, V]`.
 * @param batch - See {@link CompletionBatch}.
 * @param options - See {@link CompletionLogProbsOptions}.
 * @returns One log-prob per row, `[B]`, in nats (sum) or nats per token (mean).
 * @throws TypeError if logits do not hold floats, or a tensor of tokens does not hold integers.
 * @throws RangeError if shapes differ, the mask holds anything but 0 and 1, the first token of a row counts, a token that counts is not
 *   an integer in `[0, V)`, or a weight is negative or not finite; on WebGPU and WebGL, tensors cannot be read, and such a row, or a row
 *   with such a weight of a counted token, becomes NaN instead.
 *
 * @example
 * ```ts
 * import { completionLogProbs, splitPairs } from 'prefloss';
 * const logits = [[[0, 0], [0, Math.log(3)], [0, 0]], [[0, 0], [Math.log(3), 0], [0, 0]]];
 * const logps = completionLogProbs(logits, { tokens: [[0, 1, 1], [0, 1, 1]], mask: [[0, 1, 1], [0, 1, 1]] });
 * const { chosen, rejected } = splitPairs(logps);
 * console.log(chosen[0]!.toFixed(4), rejected[0]!.toFixed(4)); // -0.9808 -2.0794
 * ```
 */
export function completionLogProbs<T>(
  logits: T,
  batch: CompletionBatch<Reduced<NoInfer<T>>>,
  options?: CompletionLogProbsOptions,
): Reduced<Reduced<T>>;
/**
 * Log-probs of the completions of packed rows, one per segment, from the hidden states before the output embedding.
 *
 * @param head - Hidden states and output embedding, see {@link LinearHead}.
 * @param options - See {@link CompletionLogProbsOptions} and {@link LinearTokenLogProbsOptions}.
 */
export function completionLogProbs<H, W>(
  head: LinearHead<H, W>,
  batch: PackedCompletionBatch<Reduced<NoInfer<H>>>,
  options?: CompletionLogProbsOptions & LinearTokenLogProbsOptions,
): Reduced<H>;
/**
 * Log-probs of the completions of packed rows, one per segment: sums and means over the places of each segment.
 *
 * The logits must come from a model in which no token sees another segment: with `segmentAttentionMask` and with positions that
 * restart in each segment. As in a row of its own, nothing predicts the first token of a segment, so it must not count.
 *
 * @param batch - See {@link PackedCompletionBatch}; `collatePackedPairs` and `collatePackedSequences` make one.
 * @returns `[B, count]`, in nats (sum) or nats per token (mean); 0 for a segment that a row does not have. `unpack` brings them into
 *   the order of the pairs or sequences.
 * @throws RangeError also if the segments of a row are not numbered 1, 2, ... up to at most `count`, each in one piece, or if padding or
 *   the first token of a segment counts; where values cannot be read, the row becomes NaN instead.
 *
 * @example
 * ```ts
 * import { completionLogProbs } from 'prefloss';
 * const logits = [[[0, 0], [0, 0], [0, 0], [0, Math.log(3)], [0, 0]]];
 * const batch = { tokens: [[0, 1, 0, 1, 1]], mask: [[0, 1, 0, 1, 1]], segments: [[1, 1, 2, 2, 2]], count: 2 };
 * console.log(completionLogProbs(logits, batch)[0]!.map((x) => x.toFixed(4)).join()); // -0.6931,-0.9808
 * ```
 */
export function completionLogProbs<T>(
  logits: T,
  batch: PackedCompletionBatch<Reduced<NoInfer<T>>>,
  options?: CompletionLogProbsOptions,
): Reduced<T>;
export function completionLogProbs(
  scores: unknown,
  batch: CompletionBatch<unknown> | PackedCompletionBatch<unknown>,
  options: CompletionLogProbsOptions & LinearTokenLogProbsOptions = {},
): unknown {
  const head = isHead(scores) ? scores : undefined;
  const { reduction, ignoreIndex, ...ofHead } = options;
  const read = readOptions(FN, head ? { reduction, ignoreIndex } : options, undefined, {
    reduction: choice(['sum', 'mean']),
    ignoreIndex: optional(anyIgnoreIndex),
  });
  const like = checkTensor(FN, head ? 'hidden' : 'logits', head ? head.hidden : scores, { rank: 3 });
  checkBatch(batch, read, { ...like, name: `${like.name} without the last axis`, shape: like.shape.slice(0, 2) });
  const vocabulary = head ? vocabularyOf(head) : like.shape[2]!;
  const ignored = batch.labels === undefined ? UNCOUNTED : (read.ignoreIndex ?? IGNORE_INDEX);
  checkIgnoreIndex(FN, ignored);
  const packed = batch.segments === undefined ? undefined : batch;

  return scope(like.value, () => {
    const labels = batch.labels ?? labelsOfCounted<unknown>(constant(batch.mask, batch.tokens, 'int'), batch.mask, ignored);
    const isReadable = checkLabelValues(labels, { ignored, vocabulary, name: batch.labels === undefined ? 'tokens' : 'labels' });
    const counts = isCounted(labels, ignored);
    const wrong = packed && segmentMistakes(FN, counts, packed, { canFirstCount: false });
    const next = shifted(labels, ignored);
    const logps = head
      ? linearTokenLogProbs(head, next, { ...ofHead, ignoreIndex: ignored })
      : tokenLogProbs(scores, next, { ignoreIndex: ignored });
    const weights = batch.weights === undefined ? undefined : countedWeights(like.value, batch.weights, counts);
    const terms = weights === undefined ? logps : weighted(logps, shifted(weights, 0, 'float'));
    const result = reduceTokens<unknown>(terms, () => weights ?? cast(counts, 'float'), { ...read, packed });
    if (packed !== undefined) return wrong === undefined ? result : add(result, wrong);
    return isReadable ? result : where(reshape(slice(counts, 0, 1, 1), [like.shape[0]!]), NaN, result);
  });
}

const FN = 'completionLogProbs';

const isHead = (scores: unknown): scores is LinearHead<unknown> =>
  typeof scores === 'object' && scores !== null && ('hidden' in scores || 'weight' in scores);

/** Checks that a head has a weight, and returns the size of its vocabulary. */
function vocabularyOf(head: LinearHead<unknown>): number {
  checkFields(FN, 'head', head, ['hidden', 'weight']);
  const { shape: sizes } = checkTensor(FN, 'weight', head.weight, { rank: 2 });
  return sizes[vocabularyAxis(head.layout)]!;
}

/** Checks the form and the shapes of a batch. */
function checkBatch(
  batch: CompletionBatch<unknown> | PackedCompletionBatch<unknown>,
  read: { readonly ignoreIndex: number | undefined },
  like: Checked,
): void {
  const form = '{ tokens, mask } or { labels }';
  const names = (batch as Partial<CompletionBatch<unknown>> | undefined)?.labels === undefined ? ['tokens', 'mask'] : ['labels'];
  checkFields(FN, 'batch', batch, names, 'any', form);
  if (batch.labels !== undefined) checkUnused(FN, batch, ['tokens', 'mask'], 'next to labels');
  const expected = { like, orPlain: true, dtype: ['int'] } as const;
  if (batch.labels === undefined) {
    checkUnused(FN, read, ['ignoreIndex'], 'without labels');
    checkTensor(FN, 'tokens', batch.tokens, expected);
    checkMask(FN, batch.mask, like);
  } else {
    checkTensor(FN, 'labels', batch.labels, expected);
  }
  if (batch.weights !== undefined) checkWeights(FN, batch.weights, like);
  if (batch.segments === undefined) checkUnused(FN, batch, ['count'], 'without segments');
  else checkSegments(FN, batch, like);
}

/** Checks counted tokens, if labels `[B, T]` can be read. Returns whether they can. */
function checkLabelValues(labels: unknown, { ignored, vocabulary, name }: LabelDomain): boolean {
  const values = backendOf(labels).peek(labels);
  if (!values) return false;
  const time = shape(labels)[1]!;
  for (let i = 0; i < values.length; i++) {
    const token = values[i]!;
    if (token === ignored) continue;
    if (i % time === 0) {
      throw new RangeError(`${FN}: the first token of row ${i / time} counts, but no logits predict it; ${name} must not be shifted`);
    }
    if (!(Number.isInteger(token) && token >= 0 && token < vocabulary)) {
      throw new RangeError(`${FN}: value ${i} of ${name} counts, so it must be an integer in [0, ${vocabulary}), got ${token}`);
    }
  }
  return true;
}

interface LabelDomain {
  readonly ignored: number;
  readonly vocabulary: number;
  readonly name: 'tokens' | 'labels';
}
