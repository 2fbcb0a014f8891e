import { describe } from '../backend/registry.js';
import { checkNumber, checkOptions, checkEach } from '../internal/checks.js';
import { counting, zeroOrOne, type NumberDomain } from '../internal/domains.js';
import type { Pair } from '../logprobs/pairs.js';
import { IGNORE_INDEX } from '../masking/ignoreIndex.js';
import type { EncodedExample, EncodedPair } from './encode.js';
import type { MismatchedExample } from './mismatchCompletions.js';
import type { Sequence } from './sequence.js';
import { counts } from './truncate.js';

/** Rows of one width in plain numbers, ready to become tensors. */
export interface Batch {
  /** What the model reads, filled up on the right, integers `[N, T]`. */
  readonly tokens: number[][];
  /** 1 on tokens, 0 on what rows are filled up with, `[N, T]`. */
  readonly attentionMask: number[][];
  /** The next token where it counts, -100 elsewhere, aligned with the logits, integers `[N, T]`. */
  readonly labels: number[][];
  /** 1 where there is a label, `[N, T]`. */
  readonly mask: number[][];
}

/** Preference pairs in one batch: N = 2B, all chosen rows first. */
export interface PairBatch extends Batch {
  /** Summed log-probs under the reference, in nats, each `[B]`, if the pairs have them. */
  readonly reference?: Pair<number[]>;
}

/** Prompts with completions of other prompts, in one batch. */
export interface MismatchedBatch extends Batch {
  /** Summed log-probs under the reference, in nats, `[B]`, if they have been computed. */
  readonly reference?: number[];
}

/** Single examples in one batch. */
export interface UnpairedBatch extends Batch {
  /** 1 for desirable examples, 0 for others, `[B]`. */
  readonly desirable: number[];
  /** Summed log-probs under the reference, in nats, `[B]`, if the examples have them. */
  readonly reference?: number[];
  /** The prompts with other completions, if the examples have them. */
  readonly mismatched?: MismatchedBatch;
}

/** Options of {@link collatePairs} and {@link collateUnpaired}. */
export interface CollateOptions {
  /** What rows are filled up with, a token id. It never counts, so that the end token will do where a tokenizer has none for this. */
  readonly padTokenId: number;
  /** Multiple that the width is rounded up to, so that a GPU compiles for few widths. Default 1. */
  readonly padToMultipleOf?: number;
}

const tokenId: NumberDomain = { words: 'a token id, an integer >= 0', has: (v) => Number.isInteger(v) && v >= 0 };

/**
 * Preference pairs in one batch of two rows each, in the order that `splitPairs` expects: all chosen rows, then all rejected ones.
 *
 * @param pairs - One or more, of {@link encodePairs}.
 * @param options - See {@link CollateOptions}.
 * @returns Plain numbers, see {@link PairBatch}.
 * @throws TypeError if there is no pad token.
 * @throws RangeError if there are no pairs, a row has no token that counts, or some have log-probs of a reference and others have not.
 *
 * @example
 * ```ts
 * import { collatePairs } from 'prefloss';
 * const pair = { row: 0, chosen: { tokens: [5, 6, 7], mask: [0, 1, 1] }, rejected: { tokens: [5, 8], mask: [0, 1] } };
 * const { tokens, labels } = collatePairs([pair], { padTokenId: 0 });
 * console.log(tokens.join(' | '), '->', labels.join(' | ')); // 5,6,7 | 5,8,0 -> 6,7,-100 | 8,-100,-100
 * ```
 */
export function collatePairs(pairs: readonly EncodedPair[], options: CollateOptions): PairBatch {
  const fn = 'collatePairs';
  const sides = ['chosen', 'rejected'] as const;
  const rows = sides.flatMap((side) => pairs.map((pair, i): Named => [`pairs[${i}].${side}`, pair[side]]));
  const batch = collate(fn, 'pairs', rows, options);
  const reference = allOrNone(fn, 'pairs', 'reference', pairs.map((pair) => pair.reference)); // prettier-ignore
  if (!reference) return batch;
  return { ...batch, reference: { chosen: reference.map(({ chosen }) => chosen), rejected: reference.map(({ rejected }) => rejected) } };
}

/**
 * Single examples in one batch, with their mismatched completions in a second one where they have them.
 *
 * @param examples - One or more, of {@link encodeUnpaired} or {@link mismatchCompletions}.
 * @param options - See {@link CollateOptions}.
 * @returns Plain numbers, see {@link UnpairedBatch}.
 * @throws TypeError if there is no pad token.
 * @throws RangeError as {@link collatePairs} does, and if some examples have a mismatched completion and others have not.
 */
export function collateUnpaired(examples: readonly (EncodedExample | MismatchedExample)[], options: CollateOptions): UnpairedBatch {
  const fn = 'collateUnpaired';
  const all = <V>(field: string, values: readonly (V | undefined)[]) => allOrNone(fn, 'examples', field, values);
  const named = (field: string, rows: readonly Sequence[]) => rows.map((row, i): Named => [`examples[${i}]${field}`, row]);
  const batch = collate(fn, 'examples', named('', examples), options);
  const reference = all('reference', examples.map((example) => example.reference)); // prettier-ignore
  const others = all('mismatched', examples.map((example) => (example as Partial<MismatchedExample>).mismatched)); // prettier-ignore
  const ofOthers = all('mismatchedReference', examples.map((example) => (example as Partial<MismatchedExample>).mismatchedReference)); // prettier-ignore
  return {
    ...batch,
    desirable: examples.map(({ label }) => Number(label)),
    ...(reference && { reference }),
    ...(others && {
      mismatched: { ...collate(fn, 'examples', named('.mismatched', others), options), ...(ofOthers && { reference: ofOthers }) },
    }),
  };
}

/** A row, and how errors call it. */
type Named = readonly [name: string, row: Sequence];

function collate(fn: string, name: string, named: readonly Named[], options: CollateOptions): Batch {
  checkOptions(fn, options, ['padTokenId', 'padToMultipleOf']);
  const { padTokenId, padToMultipleOf = 1 } = options;
  if (typeof padTokenId !== 'number') {
    throw new TypeError(`${fn}: padTokenId is ${describe(padTokenId)}: where a tokenizer has no pad token, give its end token`);
  }
  checkNumber(fn, 'padTokenId', padTokenId, tokenId);
  checkNumber(fn, 'padToMultipleOf', padToMultipleOf, counting);
  if (named.length === 0) throw new RangeError(`${fn}: ${name} is empty, expected at least one`);
  for (const [at, { tokens, mask }] of named) {
    if (mask.length !== tokens.length) throw new RangeError(`${fn}: ${at} has ${tokens.length} tokens and a mask of ${mask.length}`);
    checkEach(fn, `${at}.mask`, mask, zeroOrOne);
    if (!counts({ tokens, mask })) throw new RangeError(`${fn}: ${at} has no token that counts after its first`);
  }

  const rows = named.map(([, row]) => row);
  const longest = rows.reduce((width, { tokens }) => Math.max(width, tokens.length), 0);
  const width = Math.ceil(longest / padToMultipleOf) * padToMultipleOf;
  const filled = (values: readonly number[], filler: number): number[] => [...values, ...Array<number>(width - values.length).fill(filler)];
  const tokens = rows.map((row) => filled(row.tokens, padTokenId));
  // What shiftLabels makes of labelsFromMask, in one loop: those work on tensors of any engine, and this is run for every batch.
  const labels = tokens.map((row, b) => row.map((_, t) => (rows[b]!.mask[t + 1] === 1 ? row[t + 1]! : IGNORE_INDEX)));
  return {
    tokens,
    attentionMask: rows.map((row) => filled(row.tokens.map(() => 1), 0)), // prettier-ignore
    labels,
    mask: labels.map((row) => row.map((label) => Number(label !== IGNORE_INDEX))),
  };
}

/** The values if all are there, nothing if none is. */
function allOrNone<V>(fn: string, name: string, field: string, values: readonly (V | undefined)[]): V[] | undefined {
  const missing = values.indexOf(undefined);
  if (missing < 0) return values as V[];
  const there = values.findIndex((value) => value !== undefined);
  if (there < 0) return undefined;
  throw new RangeError(`${fn}: ${name}[${missing}] lacks ${field}, which ${name}[${there}] has`);
}
