import { checkFields } from '../internal/checks.js';
import type { Pair } from '../logprobs/pairs.js';
import { checkList } from './checkList.js';
import type { EncodedExample, EncodedPair } from './encode.js';
import { exampleFields, namedPairs, pairFields, sideOf, SIDES } from './itemFields.js';
import { filled, padRows, type Batch, type CollateOptions, type Named } from './padRows.js';
import type { Sequence } from './sequence.js';

/**
 * Rows of several sequences each. `completionLogProbs(logits, batch)` takes it as it is, if the model gives what each sequence would have
 * alone: it must attend within segments only (`segmentAttentionMask`), and take its positions from `positions`.
 */
export interface PackedBatch extends Batch {
  /** The number of the sequence that each token belongs to, from 1 in each row; 0 on padding, integers `[R, T]`. */
  readonly segments: number[][];
  /** Positions of the tokens in their sequences, from 0; 0 on padding, integers `[R, T]`. */
  readonly positions: number[][];
  /** The largest number of segments of a row. */
  readonly count: number;
}

/** A packed batch of preference pairs. */
export interface PackedPairBatch extends PackedBatch {
  /** Where the sides of each pair are in values `[R, count]`, for `unpack`; each `[B]`, in the order of the packs. */
  readonly places: Pair<number[]>;
  /** Summed log-probs under the reference, in nats, each `[B]`, if the pairs have them. */
  readonly reference?: Pair<number[]>;
  /** Weights of the losses of the pairs, `[B]`, if the pairs have them. */
  readonly weight?: number[];
}

/** A packed batch of sequences or unpaired examples. */
export interface PackedSequenceBatch extends PackedBatch {
  /** Where each sequence is in values `[R, count]`, for `unpack`; `[B]`, in the order of the packs. */
  readonly places: number[];
  /** 1 for desirable examples, 0 for undesirable ones, `[B]`, if the sequences have labels. */
  readonly desirable?: number[];
  /** Summed log-probs under the reference, in nats, `[B]`, if the sequences have them. */
  readonly reference?: number[];
  /** Weights of the losses of the sequences, `[B]`, if they have them. */
  readonly weight?: number[];
}

/**
 * Collates packs of preference pairs, one pack per row, the two sides of a pair next to each other.
 *
 * A list of one pack gives one row without padding, `[1, T]`: the form of padding-free training. A sequence starts where its position
 * is 0.
 *
 * @param packs - One or more packs from {@link packPairs}.
 * @param options - See {@link CollateOptions}. With `padToMultipleOf` equal to the `maxLength` of the packs, all batches have the same width.
 * @returns Plain numbers, see {@link PackedPairBatch}.
 * @throws TypeError or RangeError as {@link collatePairs} does, or if a pack is empty.
 *
 * @example
 * ```ts
 * import { collatePackedPairs, packPairs } from 'prefloss';
 * const side = (...tokens: number[]) => ({ tokens, mask: tokens.map((_, t) => Number(t > 0)) });
 * const pairs = [{ row: 0, chosen: side(1, 2), rejected: side(1, 3, 4) }, { row: 1, chosen: side(5, 6), rejected: side(5, 7) }];
 * const batch = collatePackedPairs(packPairs(pairs, { maxLength: 10 }).packs, { padTokenId: 0 });
 * console.log(batch.tokens[0], batch.segments[0]); // 1,2,1,3,4,5,6,5,7 1,1,2,2,2,3,3,4,4
 * console.log(batch.positions[0], batch.places.chosen, batch.places.rejected); // 0,1,0,1,2,0,1,0,1 0,2 1,3
 * ```
 */
export function collatePackedPairs(packs: readonly (readonly EncodedPair[])[], options: CollateOptions): PackedPairBatch {
  const fn = 'collatePackedPairs';
  checkList(fn, 'packs', packs);
  const pairs = packs.map((pack, r) => namedPairs(fn, `packs[${r}]`, pack));
  const rows = pairs.map((pack) => pack.flatMap((pair) => SIDES.map((side) => sideOf(pair, side))));
  const { places, ...batch } = joinRows(fn, rows, options);
  const ofSide = (side: number) => places.filter((_, i) => i % SIDES.length === side);
  return { ...batch, places: { chosen: ofSide(0), rejected: ofSide(1) }, ...pairFields(fn, pairs.flat()) };
}

/**
 * Collates packs of sequences or of unpaired examples, one pack per row, like {@link collatePackedPairs}.
 *
 * @param packs - One or more packs from {@link packSequences}. Pack the mismatched completions of KTO as sequences of their own.
 * @param options - See {@link CollateOptions}.
 * @returns Plain numbers, see {@link PackedSequenceBatch}.
 * @throws TypeError or RangeError as {@link collateUnpaired} does, or if a pack is empty or an example has a mismatched completion.
 */
export function collatePackedSequences(
  packs: readonly (readonly (Sequence | EncodedExample)[])[],
  options: CollateOptions,
): PackedSequenceBatch {
  const fn = 'collatePackedSequences';
  checkList(fn, 'packs', packs);
  const rows = packs.map((pack, r) => {
    checkList(fn, `packs[${r}]`, pack);
    return pack.map((sequence, i): Named<Sequence & Partial<EncodedExample>> => {
      const name = `packs[${r}][${i}]`;
      checkFields(fn, name, sequence, ['tokens', 'mask']);
      if (!('mismatched' in sequence)) return [name, sequence];
      throw new RangeError(`${fn}: ${name} has a mismatched completion, which would be lost; pack it as a sequence of its own`);
    });
  });
  return { ...joinRows(fn, rows, options), ...exampleFields(fn, rows.flat()) };
}

/** The rows, and the places of all sequences in values `[R, count]`. */
function joinRows(
  fn: string,
  rows: readonly (readonly Named<Sequence>[])[],
  options: CollateOptions,
): PackedBatch & { readonly places: number[] } {
  const empty = rows.findIndex((row) => row.length === 0);
  if (empty >= 0) throw new RangeError(`${fn}: packs[${empty}] is empty, expected at least one`);
  const { batch, join } = padRows(fn, 'packs', rows, options);
  const count = rows.reduce((most, row) => Math.max(most, row.length), 0);
  return {
    ...batch,
    segments: join(({ tokens }, place) => filled(tokens.length, place + 1), 0),
    positions: join(({ tokens }) => Array.from(tokens, (_, t) => t), 0),
    count,
    places: rows.flatMap((row, r) => row.map((_, i) => r * count + i)),
  };
}
