import { sizeOf } from '../backend/arrays/shapes.js';
import { backendOf } from '../backend/registry.js';
import { add, broadcastTo, cast, concat, constant, mul, reshape, shape, stopGradient, sum, take, where } from '../backend/ops.js';
import type { LinearRows, OrPlain, Reduced, WeightLayout } from '../backend/types.js';
import { checkChoice, checkOnlyFields, checkTensor, type Checked } from '../internal/checks.js';
import { number, optional } from '../internal/options.js';
import { positiveInteger, positive } from '../internal/domains.js';
import { anyIgnoreIndex } from '../masking/ignoreIndex.js';
import { isCounted, oneInRange } from '../internal/labels.js';
import { vocabularyAxis, WEIGHT_LAYOUTS } from '../internal/weightLayout.js';
import { checkLabels, type TokenLogProbsOptions } from './tokenLogProbs.js';

/** The last layer of a language model and its input: `logits = hidden weight^T + bias`, with a weight `[V, D]`. */
export type LinearHead<H, W = H> = {
  /** Input of the last layer, `[B, T, D]`, or `[N, D]` for flat rows. */
  readonly hidden: H;
  /** Output embedding, `[V, D]`, one row per token of the vocabulary, or `[D, V]`, one column per token: see `layout`. */
  readonly weight: W;
  /**
   * Order of the axes of `weight`: `'vocabularyByHidden'` is `[V, D]`, like an embedding, also one that is tied to the input;
   * `'hiddenByVocabulary'` is `[D, V]`, like the kernel of a dense layer. The weight is used as it is, without a transposed copy,
   * and its gradient has the same layout. If V equals D, a wrong layout cannot be noticed. Default `'vocabularyByHidden'`.
   */
  readonly layout?: WeightLayout;
  /** Added to the logits, `[V]`. No bias by default. */
  readonly bias?: Reduced<W>;
};

/** Options of {@link linearTokenLogProbs} and {@link linearTokenStats}. */
export interface LinearHeadOptions extends TokenLogProbsOptions {
  /** The logits are multiplied by it (`logit_scale` of Cohere's models), above 0. Default 1. */
  readonly logitScale?: number;
  /** With a cap `c` above 0, the logits become `c tanh(logits / c)` (`final_logit_softcapping` of Gemma 2). No cap by default. */
  readonly logitSoftcap?: number;
  /** The logits are divided by it after scale and cap, above 0. Default 1. */
  readonly temperature?: number;
  /** Vocabulary tokens per chunk, an integer above 0. By default chosen from the number of rows and the hidden width. */
  readonly chunkSize?: number;
}

/** A checked head with flat rows, of counted tokens where possible, and the way back to one value per token. */
export type PreparedHead<T> = {
  readonly rows: LinearRows<T>;
  /**
   * Turns one value per row into one value per token: 0 for ignored tokens, and NaN for labels out of range where they cannot
   * be read.
   */
  readonly restore: (x: T) => T;
};

/** Readers of the options of a head; a function, so that nothing runs at import. `checkHead` checks the ignored label. */
export const headReaders = () => ({
  logitScale: number(positive, 1),
  logitSoftcap: optional(number(positive)),
  temperature: number(positive, 1),
  chunkSize: optional(number(positiveInteger)),
  ignoreIndex: anyIgnoreIndex,
});

/** The options of a head, as read. */
interface HeadOptions {
  readonly logitScale: number;
  readonly logitSoftcap: number | undefined;
  readonly temperature: number;
  readonly chunkSize: number | undefined;
  readonly ignoreIndex: number;
}

/** Checks a head and its labels. */
export function checkHead(fn: string, head: LinearHead<unknown>, labels: unknown, options: HeadOptions): void {
  checkTokens(fn, checkHeadTensors(fn, 'head', head), labels, options);
}

/** Checks two heads of the same tokens and vocabulary, and the labels of the tokens. */
export function checkHeads(
  fn: string,
  heads: { readonly policy: LinearHead<unknown>; readonly reference: LinearHead<unknown> },
  labels: unknown,
  options: HeadOptions,
): void {
  checkOnlyFields(fn, 'heads', heads, ['policy', 'reference']);
  const policy = checkHeadTensors(fn, 'policy', heads.policy);
  const reference = checkHeadTensors(fn, 'reference', heads.reference);
  checkTensor(fn, 'reference.hidden', heads.reference.hidden, { like: policy.hidden, rank: policy.hidden.shape.length });
  const [got, expected] = [reference.rows, policy.rows].map((rows) => rows.join(', '));
  if (got !== expected) {
    throw new RangeError(`${fn}: reference.hidden has the tokens [${got!}], expected [${expected!}] like policy.hidden`);
  }
  if (reference.vocabulary !== policy.vocabulary) {
    throw new RangeError(
      `${fn}: reference.weight has a vocabulary of ${reference.vocabulary}, expected ${policy.vocabulary} like policy.weight`,
    );
  }
  checkTokens(fn, policy, labels, options);
}

/** A head whose tensors were checked. */
interface CheckedHead {
  readonly hidden: Checked;
  /** Shape of the hidden states without the last axis. */
  readonly rows: readonly number[];
  readonly vocabulary: number;
}

/** Checks the tensors of a head. Messages name them by their field alone if the head is the argument `head`. */
function checkHeadTensors(fn: string, name: string, head: LinearHead<unknown>): CheckedHead {
  checkOnlyFields(fn, name, head, ['hidden', 'weight'], ['bias', 'layout']);
  const { layout = 'vocabularyByHidden' } = head;
  checkChoice(fn, `${name}.layout`, layout, WEIGHT_LAYOUTS);
  const at = name === 'head' ? '' : `${name}.`;
  const hidden = checkTensor(fn, `${at}hidden`, head.hidden);
  const [rows, width] = [hidden.shape.slice(0, -1), hidden.shape.at(-1)!];
  if (rows.length === 0) throw new RangeError(`${fn}: ${at}hidden has shape [${hidden.shape.join(', ')}], expected [B, T, D] or [N, D]`);
  const weight = checkTensor(fn, `${at}weight`, head.weight, { rank: 2, like: hidden });
  const axis = vocabularyAxis(layout);
  // The width of a plain empty list is unknown.
  if (weight.shape[1 - axis] !== width && width > 0) {
    const [expected, other] = axis === 0 ? [`[V, ${width}]`, `[${width}, V]`] : [`[${width}, V]`, `[V, ${width}]`];
    throw new RangeError(
      `${fn}: ${at}weight has shape [${weight.shape.join(', ')}], expected ${expected}, the width of ${at}hidden, in the layout ${layout}; ${other} is ${WEIGHT_LAYOUTS[1 - axis]!}`,
    );
  }
  const vocabulary = weight.shape[axis]!;
  const bias: unknown = head.bias;
  const likeWeight = { ...weight, name: `the ${axis === 0 ? 'rows' : 'columns'} of ${at}weight` };
  if (bias !== undefined) checkTensor(fn, `${at}bias`, bias, { shape: [vocabulary], like: likeWeight });
  return { hidden, rows, vocabulary };
}

/** Checks the labels of the tokens of a head. */
function checkTokens(fn: string, { hidden, rows, vocabulary }: CheckedHead, labels: unknown, { ignoreIndex }: HeadOptions): void {
  const like = { ...hidden, name: `${hidden.name} without the last axis` };
  checkLabels(fn, labels, { shape: rows, like }, { vocabulary, ignoreIndex });
}

/** Whether a checked head has no tokens. */
export const isWithoutTokens = (head: LinearHead<unknown>): boolean => shape(head.hidden)[0] === 0;

/** The result for a head without tokens, through which hidden states get an empty gradient, weight and bias zeros. */
export function sumOfNone({ hidden, weight, bias }: LinearHead<unknown>, frozenWeight: boolean): unknown {
  const head = bias === undefined ? sum(weight) : add(sum(weight), sum(bias));
  const none = sum(hidden, -1);
  return add(none, broadcastTo(frozenWeight ? stopGradient(head) : head, shape(none)));
}

/**
 * Flat rows of a checked head. Ignored rows are left out if the labels can be read and some row counts; otherwise their hidden
 * states are replaced by 0.
 */
export function prepareHead<T>(head: LinearHead<T>, labels: unknown, options: HeadOptions): PreparedHead<T> {
  const backend = backendOf<T>(head.hidden);
  const { logitScale, logitSoftcap: cap, temperature, chunkSize, ignoreIndex } = options;
  const [tokens, width] = [shape(head.hidden).slice(0, -1), shape(head.hidden).at(-1)!];
  const size = sizeOf(tokens);
  // Factors are applied to the hidden states instead of the logits, which are more numbers.
  const factor = cap === undefined ? logitScale / temperature : logitScale / cap;
  const scaled = (x: T): T => (factor === 1 ? x : mul(x, factor));
  const common = {
    weight: head.weight,
    layout: head.layout ?? 'vocabularyByHidden',
    bias: head.bias === undefined ? undefined : scaled(head.bias as T),
    cap: cap === undefined ? undefined : cap / temperature,
    chunkSize,
  };
  const hidden = scaled(reshape<T>(head.hidden, [size, width]));
  const back = (x: T): T => reshape<T>(x, tokens);

  const values = backendOf(labels).peek(labels);
  const kept = values && Array.from(values, (_, i) => i).filter((i) => values[i] !== ignoreIndex);
  if (kept && kept.length > 0) {
    const counted = backend.constant(
      kept.map((i) => values[i]!),
      'int',
    );
    if (kept.length === size) return { rows: { ...common, hidden, labels: counted }, restore: back };
    // The index of each token's value: for an ignored token, the 0 at the end.
    const places = new Array<number>(size).fill(kept.length);
    kept.forEach((token, row) => (places[token] = row));
    return {
      rows: { ...common, hidden: take(hidden, kept), labels: counted },
      restore: (x) => back(take(concat([x, backend.constant([0])]), places)),
    };
  }
  const flat = reshape<T>(constant<T>(head.hidden, labels as OrPlain<T>, 'int'), [size]);
  const counts = isCounted(flat, ignoreIndex);
  const vocabulary = shape(head.weight)[vocabularyAxis(common.layout)]!;
  return {
    rows: {
      ...common,
      hidden: where(reshape<T>(counts, [size, 1]), hidden, 0),
      labels: cast(where(counts, flat, 0), 'int'),
    },
    restore: (x) => back(where(counts, mul(x, oneInRange(flat, counts, vocabulary)), 0)),
  };
}
