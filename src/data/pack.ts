import { checkFields, checkFlag, checkNumber, checkOptions } from '../internal/checks.js';
import { positiveInteger, seeds } from '../internal/domains.js';
import { generator, shuffled } from '../internal/random.js';
import { checkList } from './checkList.js';
import type { DroppedRow, EncodedPair } from './encode.js';
import { namedPairs, sideOf, SIDES } from './itemFields.js';
import type { Named } from './padRows.js';
import type { Sequence } from './sequence.js';

/** Options of {@link packSequences} and {@link packPairs}. */
export interface PackOptions {
  /** Maximum number of tokens of a pack, a positive integer. */
  readonly maxLength: number;
  /**
   * Seed of the shuffle, an integer in [0, 2^32); use another one for each epoch. It exchanges items of equal length and shuffles the packs.
   * If omitted, packs come in the order in which they were opened, that with the longest item first.
   */
  readonly seed?: number;
  /** Whether to drop items that are longer than a pack instead of throwing. Default false. */
  readonly dropBadRows?: boolean;
}

/** Result of {@link packSequences} and {@link packPairs}. */
export interface Packs<Item> {
  /** The packs: lists of the items that share a row. Every item that was not dropped is in exactly one. */
  readonly packs: Item[][];
  /** The items that were dropped, by their `row`, or by their index if they have none. */
  readonly dropped: DroppedRow[];
}

/**
 * Groups sequences into packs of at most `maxLength` tokens, so that several share a row of a batch and little of it is padding.
 *
 * The longest sequence comes first, and each goes to the first pack with enough space (first fit decreasing). This needs at most 11/9 of
 * the fewest packs possible, plus one; on lengths of real data, packs are over 95 % full. `batchesOf` splits the packs into batches, and
 * {@link collatePackedSequences} collates a batch.
 *
 * @param sequences - Any number of sequences, for example from {@link encodeUnpaired}.
 * @param options - See {@link PackOptions}.
 * @returns See {@link Packs}.
 * @throws TypeError if an item is not `{ tokens, mask }`; its values are checked when the packs are collated.
 * @throws RangeError if a sequence is longer than a pack, or an option is out of range.
 *
 * @example
 * ```ts
 * import { packSequences } from 'prefloss';
 * const sequence = (...tokens: number[]) => ({ tokens, mask: tokens.map((_, t) => Number(t > 0)) });
 * const { packs } = packSequences([sequence(1, 2), sequence(3, 4, 5), sequence(6, 7, 8)], { maxLength: 5 });
 * console.log(packs.map((pack) => pack.map(({ tokens }) => tokens.join()).join(' + ')).join(' | ')); // 3,4,5 + 1,2 | 6,7,8
 * ```
 */
export function packSequences<Item extends Sequence>(sequences: readonly Item[], options: PackOptions): Packs<Item> {
  const fn = 'packSequences';
  checkList(fn, 'sequences', sequences);
  const named = sequences.map((sequence, i): Named<Item> => [`sequences[${i}]`, sequence]);
  return packed(fn, named, options, (item) => [item]);
}

/**
 * Groups preference pairs into packs like {@link packSequences}. Both sides of a pair are in the same pack, so `maxLength` holds for
 * their lengths together, and every batch of packs has whole pairs. {@link collatePackedPairs} collates a batch of packs.
 *
 * @param pairs - Any number of pairs, for example from {@link encodePairs}.
 * @param options - See {@link PackOptions}.
 * @returns See {@link Packs}.
 * @throws TypeError or RangeError as {@link packSequences} does.
 */
export function packPairs<Item extends EncodedPair>(pairs: readonly Item[], options: PackOptions): Packs<Item> {
  const named = namedPairs('packPairs', 'pairs', pairs) as Named<Item>[];
  return packed('packPairs', named, options, (pair) => SIDES.map((side) => sideOf(pair, side)));
}

function packed<Item extends object>(
  fn: string,
  items: readonly Named<Item>[],
  options: PackOptions,
  partsOf: (item: Named<Item>) => readonly Named<Sequence>[],
): Packs<Item> {
  checkOptions(fn, options, ['maxLength', 'seed', 'dropBadRows']);
  const { maxLength, seed, dropBadRows = false } = options;
  checkNumber(fn, 'maxLength', maxLength, positiveInteger);
  if (seed !== undefined) checkNumber(fn, 'seed', seed, seeds);
  checkFlag(fn, 'dropBadRows', dropBadRows);

  const fitting: { readonly item: Item; readonly length: number }[] = [];
  const dropped: DroppedRow[] = [];
  items.forEach((named, i) => {
    const [name, item] = named;
    const length = partsOf(named).reduce((sum, part) => sum + lengthOf(fn, part), 0);
    if (length <= maxLength) {
      fitting.push({ item, length });
      return;
    }
    const reason = `has ${length} tokens, expected at most ${maxLength}`;
    if (!dropBadRows) throw new RangeError(`${fn}: ${name} ${reason}; set dropBadRows to drop what is longer than a pack`);
    dropped.push({ row: (item as { readonly row?: number }).row ?? i, reason });
  });

  const random = generator(seed ?? 0);
  const order = seed === undefined ? fitting : shuffled(fitting, random);
  const longestFirst = [...order].sort((a, b) => b.length - a.length);
  const packs: Item[][] = [];
  firstFit(longestFirst.map(({ length }) => length), maxLength).forEach((pack, i) => (packs[pack] ??= []).push(longestFirst[i]!.item)); // prettier-ignore
  return { packs: seed === undefined ? packs : shuffled(packs, random), dropped };
}

/** The length of a sequence, whose tokens are checked when it is collated. */
function lengthOf(fn: string, [name, sequence]: Named<Sequence>): number {
  checkFields(fn, name, sequence, ['tokens', 'mask']);
  checkList(fn, `${name}.tokens`, sequence.tokens);
  return sequence.tokens.length;
}

/**
 * The pack of each length: the first with enough space left. A binary tree over the packs holds the most space left in each subtree, so that
 * it is found in logarithmic time; its leaves are the nodes from `leaves` on.
 */
function firstFit(lengths: readonly number[], maxLength: number): number[] {
  let leaves = 1;
  while (leaves < lengths.length) leaves *= 2;
  const space = new Float64Array(2 * leaves).fill(maxLength);
  return lengths.map((length) => {
    let node = 1;
    while (node < leaves) node = space[2 * node]! >= length ? 2 * node : 2 * node + 1;
    const pack = node - leaves;
    space[node]! -= length;
    for (node >>= 1; node > 0; node >>= 1) space[node] = Math.max(space[2 * node]!, space[2 * node + 1]!);
    return pack;
  });
}
