import { describe } from '../backend/registry.js';
import { checkFields, checkFlag, checkNumber, checkOptions } from '../internal/checks.js';
import { finite, positiveInteger } from '../internal/domains.js';
import type { Pair } from '../logprobs/pairs.js';
import { checkList } from './checkList.js';
import type { EncodedExample, EncodedPair } from './encode.js';
import type { MismatchedExample } from './mismatchCompletions.js';
import { checkSequence, tokenId, type Sequence } from './sequence.js';

/** Rows of equal width in plain numbers. `completionLogProbs(logits, batch)` takes it as it is. */
export interface Batch {
  /** Input of the model, padded on the right, integers `[N, T]`. */
  readonly tokens: number[][];
  /** 1 on tokens, 0 on padding, `[N, T]`. */
  readonly attentionMask: number[][];
  /** 1 on counted tokens, 0 on others, `[N, T]`, aligned with `tokens`; 0 on the first token of a row, which nothing predicts. */
  readonly mask: number[][];
}

/** A batch of preference pairs: N = 2B, all chosen rows first. */
export interface PairBatch extends Batch {
  /** Summed log-probs under the reference, in nats, each `[B]`, if the pairs have them. */
  readonly reference?: Pair<number[]>;
}

/** A batch of prompts with completions of other prompts. */
export interface MismatchedBatch extends Batch {
  /** Summed log-probs under the reference, in nats, `[B]`, if they have been computed. */
  readonly reference?: number[];
}

/** A batch of unpaired examples. */
export interface UnpairedBatch extends Batch {
  /** 1 for desirable examples, 0 for undesirable ones, `[B]`. */
  readonly desirable: number[];
  /** Summed log-probs under the reference, in nats, `[B]`, if the examples have them. */
  readonly reference?: number[];
  /** The prompts with mismatched completions, if the examples have them. */
  readonly mismatched?: MismatchedBatch;
}

/** Options of {@link collatePairs} and {@link collateUnpaired}. */
export interface CollateOptions {
  /** Padding token id. Padding is never counted, so a tokenizer without a padding token can use its end token. */
  readonly padTokenId: number;
  /** The width is rounded up to a multiple of this number, so that a GPU engine compiles programs for few shapes. Default 1. */
  readonly padToMultipleOf?: number;
}

/**
 * Collates preference pairs into one batch, in the order that `splitPairs` expects: all chosen rows, then all rejected rows.
 *
 * @param pairs - One or more pairs from {@link encodePairs}.
 * @param options - See {@link CollateOptions}.
 * @returns Plain numbers, see {@link PairBatch}.
 * @throws TypeError if a pair is not `{ chosen, rejected }`, a row is not `{ tokens, mask }`, or `padTokenId` is not a number.
 * @throws RangeError if there are no pairs, a row has no counted token after its first token, a mask does not fit its tokens, or some pairs
 *   have `reference` log-probs and others do not.
 *
 * @example
 * ```ts
 * import { collatePairs } from 'prefloss';
 * const pair = { row: 0, chosen: { tokens: [5, 6, 7], mask: [0, 1, 1] }, rejected: { tokens: [5, 8], mask: [0, 1] } };
 * const { tokens, mask } = collatePairs([pair], { padTokenId: 0 });
 * console.log(tokens.join(' | '), '-', mask.join(' | ')); // 5,6,7 | 5,8,0 - 0,1,1 | 0,1,0
 * ```
 */
export function collatePairs(pairs: readonly EncodedPair[], options: CollateOptions): PairBatch {
  const fn = 'collatePairs';
  const sides = ['chosen', 'rejected'] as const;
  checkList(fn, 'pairs', pairs);
  pairs.forEach((pair, i) => {
    checkFields(fn, `pairs[${i}]`, pair, sides);
  });
  const rows = sides.flatMap((side) => pairs.map((pair, i): Named => [`pairs[${i}].${side}`, pair[side]]));
  const batch = collate(fn, 'pairs', rows, options);
  const reference = allOrNone(fn, 'pairs', 'reference', pairs.map((pair) => pair.reference)); // prettier-ignore
  if (!reference) return batch;
  reference.forEach((logps, i) => {
    checkFields(fn, `pairs[${i}].reference`, logps, sides);
    for (const side of sides) checkNumber(fn, `pairs[${i}].reference.${side}`, logps[side], finite);
  });
  return { ...batch, reference: { chosen: reference.map(({ chosen }) => chosen), rejected: reference.map(({ rejected }) => rejected) } };
}

/**
 * Collates unpaired examples into one batch, and their mismatched completions, if they have them, into a second batch.
 *
 * @param examples - One or more examples from {@link encodeUnpaired} or {@link mismatchCompletions}.
 * @param options - See {@link CollateOptions}.
 * @returns Plain numbers, see {@link UnpairedBatch}.
 * @throws TypeError if an example is not `{ tokens, mask, label }`, or `padTokenId` is not a number.
 * @throws RangeError as {@link collatePairs} does, or if some examples have a mismatched completion and others do not.
 */
export function collateUnpaired(examples: readonly (EncodedExample | MismatchedExample)[], options: CollateOptions): UnpairedBatch {
  const fn = 'collateUnpaired';
  checkList(fn, 'examples', examples);
  examples.forEach((example, i) => {
    checkFields(fn, `examples[${i}]`, example, ['tokens', 'mask', 'label']);
    checkFlag(fn, `examples[${i}].label`, example.label);
  });
  const named = (field: string, rows: readonly Sequence[]) => rows.map((row, i): Named => [`examples[${i}]${field}`, row]);
  const all = <V>(field: string, values: readonly (V | undefined)[]) => allOrNone(fn, 'examples', field, values);
  const optional: readonly Partial<MismatchedExample>[] = examples;
  const batch = collate(fn, 'examples', named('', examples), options);
  const reference = all('reference', optional.map((example) => example.reference)); // prettier-ignore
  const others = all('mismatched', optional.map((example) => example.mismatched)); // prettier-ignore
  const ofOthers = all('mismatchedReference', optional.map((example) => example.mismatchedReference)); // prettier-ignore
  const checkLogps = (field: string, logps: readonly number[] = []) => {
    logps.forEach((logp, i) => {
      checkNumber(fn, `examples[${i}].${field}`, logp, finite);
    });
  };
  checkLogps('reference', reference);
  checkLogps('mismatchedReference', ofOthers);
  return {
    ...batch,
    desirable: examples.map(({ label }) => Number(label)),
    ...(reference && { reference }),
    ...(others && {
      mismatched: { ...collate(fn, 'examples', named('.mismatched', others), options), ...(ofOthers && { reference: ofOthers }) },
    }),
  };
}

/** A row and its name in error messages. */
type Named = readonly [name: string, row: Sequence];

function collate(fn: string, name: string, named: readonly Named[], options: CollateOptions): Batch {
  checkOptions(fn, options, ['padTokenId', 'padToMultipleOf']);
  const { padTokenId, padToMultipleOf = 1 } = options;
  if (typeof padTokenId !== 'number') {
    throw new TypeError(
      `${fn}: padTokenId is ${describe(padTokenId)}, expected a token id; if the tokenizer has no padding token, use its end token`,
    );
  }
  checkNumber(fn, 'padTokenId', padTokenId, tokenId);
  checkNumber(fn, 'padToMultipleOf', padToMultipleOf, positiveInteger);
  if (named.length === 0) throw new RangeError(`${fn}: ${name} is empty, expected at least one`);
  for (const [at, row] of named) checkSequence(fn, at, row);

  const rows = named.map(([, row]) => row);
  const longest = rows.reduce((width, { tokens }) => Math.max(width, tokens.length), 0);
  const width = Math.ceil(longest / padToMultipleOf) * padToMultipleOf;
  const padded = (values: readonly number[], padding: number): number[] => [
    ...values,
    ...Array<number>(width - values.length).fill(padding),
  ];
  return {
    tokens: rows.map((row) => padded(row.tokens, padTokenId)),
    attentionMask: rows.map((row) => padded(row.tokens.map(() => 1), 0)), // prettier-ignore
    mask: rows.map((row) => padded([0, ...row.mask.slice(1)], 0)),
  };
}

/** Returns the values if all are defined, undefined if none is, and throws otherwise. */
function allOrNone<V>(fn: string, name: string, field: string, values: readonly (V | undefined)[]): V[] | undefined {
  const missing = values.indexOf(undefined);
  if (missing < 0) return values as V[];
  const present = values.findIndex((value) => value !== undefined);
  if (present < 0) return undefined;
  throw new RangeError(`${fn}: ${name}[${missing}] lacks ${field}, which ${name}[${present}] has`);
}
