import { checkFields } from '../internal/checks.js';
import type { Pair } from '../logprobs/pairs.js';
import { checkList } from './checkList.js';
import type { EncodedExample, EncodedPair } from './encode.js';
import { allOrNone, exampleFields, logpsOf, namedPairs, pairFields, sideOf, SIDES } from './itemFields.js';
import type { MismatchedExample } from './mismatchCompletions.js';
import { padRows, type Batch, type CollateOptions, type Named } from './padRows.js';
import type { Sequence } from './sequence.js';

/** A batch of preference pairs: N = 2B, all chosen rows first. */
export interface PairBatch extends Batch {
  /** Summed log-probs under the reference, in nats, each `[B]`, if the pairs have them. */
  readonly reference?: Pair<number[]>;
  /** Weights of the losses of the pairs, `[B]`, if the pairs have them. */
  readonly weight?: number[];
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
  /** Weights of the losses of the examples, `[B]`, if the examples have them. */
  readonly weight?: number[];
  /** The prompts with mismatched completions, if the examples have them. */
  readonly mismatched?: MismatchedBatch;
}

/**
 * Collates preference pairs into one batch, in the order that `splitPairs` expects: all chosen rows, then all rejected rows.
 *
 * @param pairs - One or more pairs from {@link encodePairs}.
 * @param options - See {@link CollateOptions}.
 * @returns Plain numbers, see {@link PairBatch}.
 * @throws TypeError if a pair is not `{ chosen, rejected }`, a row is not `{ tokens, mask }`, or `padTokenId` is not a number.
 * @throws RangeError if there are no pairs, a row has no counted token after its first token, mask or weights do not fit its tokens, a
 *   weight is negative or not finite, or some pairs have `reference` log-probs or a `weight` and others do not.
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
  const named = namedPairs('collatePairs', 'pairs', pairs);
  const rows = SIDES.flatMap((side) => named.map((pair) => [sideOf(pair, side)]));
  return { ...padRows('collatePairs', 'pairs', rows, options).batch, ...pairFields('collatePairs', named) };
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
  const named = examples.map((example: Partial<MismatchedExample> & Sequence, i) => {
    checkFields(fn, `examples[${i}]`, example, ['tokens', 'mask', 'label']);
    return [`examples[${i}]`, example] as const;
  });
  const batchOf = (rows: readonly Named<Sequence>[]) => padRows(fn, 'examples', rows.map((row) => [row]), options).batch; // prettier-ignore
  const batch = batchOf(named);
  const { desirable = [], ...fields } = exampleFields(fn, named);
  const others = allOrNone(fn, named, 'mismatched');
  const reference = logpsOf(fn, named, 'mismatchedReference');
  if (!others) return { ...batch, desirable, ...fields };
  const mismatched = batchOf(others.map((other, i) => [`examples[${i}].mismatched`, other]));
  return { ...batch, desirable, ...fields, mismatched: { ...mismatched, ...(reference && { reference }) } };
}
