import { checkNumber, checkOptions } from '../internal/checks.js';
import { counting, notNegative, type NumberDomain } from '../internal/domains.js';
import { generator, shuffled } from '../internal/random.js';
import { seeds } from '../internal/domains.js';

/** Options of {@link batchesOf}. */
export interface BatchOptions<Item> {
  /** Items in a batch, an integer from 1 on. */
  readonly batchSize: number;
  /** Decides the order, an integer from 0 to 2^32 - 1: one of its own for each epoch. Left out, the order stays as it is, but for `lengthOf`. */
  readonly seed?: number;
  /** Length of an item: those of about the same length then share a batch, and less is filled up. */
  readonly lengthOf?: (item: Item) => number;
}

// As many batches are sorted by length together: few enough that their order stays random, as in Hugging Face's `group_by_length`.
const SORTED_TOGETHER = 50;

/**
 * Items in batches, every item in one of them; the last one may be smaller.
 *
 * With a seed the items are shuffled. With `lengthOf` they are sorted within stretches of 50 batches, longest first, and then with a
 * seed the batches are shuffled, but for the one with the longest item, which comes first: if it fits into memory, all do.
 *
 * @param items - In any number.
 * @param options - See {@link BatchOptions}.
 * @returns The batches.
 *
 * @example
 * ```ts
 * import { batchesOf } from 'prefloss';
 * console.log(batchesOf([3, 1, 2, 5, 4], { batchSize: 2, lengthOf: (n) => n }).join(' | ')); // 5,4 | 3,2 | 1
 * ```
 */
export function batchesOf<Item>(items: readonly Item[], options: BatchOptions<Item>): Item[][] {
  checkOptions('batchesOf', options, ['batchSize', 'seed', 'lengthOf']);
  const { batchSize, seed, lengthOf } = options;
  checkNumber('batchesOf', 'batchSize', batchSize, counting);
  if (seed !== undefined) checkNumber('batchesOf', 'seed', seed, seeds);
  const random = generator(seed ?? 0);
  const order = seed === undefined ? items : shuffled(items, random);
  if (!lengthOf) return parts(order, batchSize);
  for (const [i, item] of items.entries()) checkNumber('batchesOf', `lengthOf(items[${i}])`, lengthOf(item), notNegative);
  const stretches = parts(order, SORTED_TOGETHER * batchSize);
  const batches = stretches.flatMap((stretch) => parts([...stretch].sort((a, b) => lengthOf(b) - lengthOf(a)), batchSize)); // prettier-ignore
  if (seed === undefined || batches.length === 0) return batches;
  const longest = batches.reduce((a, b) => (lengthOf(b[0]!) > lengthOf(a[0]!) ? b : a));
  return [longest, ...shuffled(batches.filter((batch) => batch !== longest), random)]; // prettier-ignore
}

const parts = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** Options of {@link validationSplit}. */
export interface SplitOptions<Item> {
  /** How many items to hold out: a share of them in (0, 1), or a number from 1 on. */
  readonly validation: number;
  /** Decides which, an integer from 0 to 2^32 - 1. */
  readonly seed: number;
  /** What items must not be parted by, for example their prompt, so that nothing held out has been trained on; objects and lists by their JSON. */
  readonly groupBy?: (item: Item) => unknown;
}

/** What {@link validationSplit} gives. */
export interface Split<Item> {
  /** What to train on, in the order of the items. */
  readonly train: Item[];
  /** What is held out, in the order of the items. */
  readonly validation: Item[];
}

const heldOut: NumberDomain = { words: 'in (0, 1) or an integer >= 1', has: (v) => (v > 0 && v < 1) || counting.has(v) };

/**
 * Holds items out of training.
 *
 * @param items - Two or more.
 * @param options - See {@link SplitOptions}. With `groupBy` a whole group is held out as long as items are wanted, so that there may be more.
 * @returns See {@link Split}.
 * @throws RangeError if nothing would be left to train on.
 *
 * @example
 * ```ts
 * import { validationSplit } from 'prefloss';
 * const { train, validation } = validationSplit(['a', 'b', 'c', 'd'], { validation: 0.25, seed: 1 });
 * console.log(train.length, validation.length); // 3 1
 * ```
 */
export function validationSplit<Item>(items: readonly Item[], options: SplitOptions<Item>): Split<Item> {
  const fn = 'validationSplit';
  checkOptions(fn, options, ['validation', 'seed', 'groupBy']);
  const { validation, seed, groupBy } = options;
  checkNumber(fn, 'validation', validation, heldOut);
  checkNumber(fn, 'seed', seed, seeds);
  const wanted = validation < 1 ? Math.max(1, Math.round(validation * items.length)) : validation;
  const groups = new Map<unknown, number[]>();
  items.forEach((item, i) => {
    const group = groupBy ? groupBy(item) : i;
    const key = typeof group === 'object' ? JSON.stringify(group) : group;
    const members = groups.get(key);
    if (members) members.push(i);
    else groups.set(key, [i]);
  });
  const held = new Set<number>();
  for (const group of shuffled([...groups.values()], generator(seed))) {
    if (held.size >= wanted) break;
    for (const i of group) held.add(i);
  }
  if (held.size >= items.length)
    throw new RangeError(`${fn}: ${held.size} of ${items.length} items would be held out, and none left to train on`);
  return { train: items.filter((_, i) => !held.has(i)), validation: items.filter((_, i) => held.has(i)) };
}
