import { describe } from '../backend/describe.js';
import { checkNumber, checkOptions } from '../internal/checks.js';
import { positiveInteger, notNegative, type NumberDomain } from '../internal/domains.js';
import { generator, shuffled } from '../internal/random.js';
import { seeds } from '../internal/domains.js';
import { checkList } from './checkList.js';

/** Options of {@link batchesOf}. */
export interface BatchOptions<Item> {
  /** Items per batch, a positive integer. */
  readonly batchSize: number;
  /** Seed of the shuffle, an integer in [0, 2^32); use another one for each epoch. If omitted, nothing is shuffled. */
  readonly seed?: number;
  /** Length of an item. If given, items of similar length share a batch, which needs less padding. */
  readonly lengthOf?: (item: Item) => number;
}

// Number of batches whose items are sorted by length together. It is small, so that batches stay random. Hugging Face's
// `group_by_length` uses 50 too, or fewer for a small data set.
const SORTED_TOGETHER = 50;

/**
 * Splits items into batches. Every item is in exactly one batch; one batch may be smaller than the others.
 *
 * With a seed, the items are shuffled. With `lengthOf`, they are then sorted within stretches of 50 batches, longest first. With both,
 * the batches are shuffled after that, except that the batch with the longest item comes first: running out of memory then shows
 * early.
 *
 * @param items - Any number of items.
 * @param options - See {@link BatchOptions}.
 * @returns The batches.
 * @throws TypeError if `items` is not a list without holes, or `lengthOf` is not a function.
 * @throws RangeError if an option is unknown or outside its range, or a length is negative or not finite.
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
  checkList('batchesOf', 'items', items);
  checkFunction('batchesOf', 'lengthOf', lengthOf);
  checkNumber('batchesOf', 'batchSize', batchSize, positiveInteger);
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

function checkFunction(fn: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw new TypeError(`${fn}: ${name} is ${describe(value)}, expected a function`);
}

function parts<Item>(items: readonly Item[], size: number): Item[][] {
  // At most all items: the size of a stretch may be infinite.
  const step = Math.min(size, items.length);
  return Array.from({ length: step && Math.ceil(items.length / step) }, (_, i) => items.slice(i * step, (i + 1) * step));
}

/** Options of {@link validationSplit}. */
export interface SplitOptions<Item> {
  /** Number of items to hold out: a fraction of all items in (0, 1), or a positive integer. */
  readonly validation: number;
  /** Seed that selects the items, an integer in [0, 2^32). */
  readonly seed: number;
  /**
   * Key of an item, for example its prompt. Items with equal keys stay on the same side of the split, so that no prompt that is held out
   * is trained on. Objects and arrays are compared by their JSON.
   */
  readonly groupBy?: (item: Item) => unknown;
}

/** Result of {@link validationSplit}. */
export interface Split<Item> {
  /** Items to train on, in their original order. */
  readonly train: Item[];
  /** Items held out, in their original order. */
  readonly validation: Item[];
}

const heldOut: NumberDomain = { words: 'in (0, 1) or an integer >= 1', has: (v) => (v > 0 && v < 1) || positiveInteger.has(v) };

/**
 * Holds out a random part of the items for validation.
 *
 * @param items - Two or more items.
 * @param options - See {@link SplitOptions}. With `groupBy`, whole groups are held out until there are enough items, so there may be more.
 * @returns See {@link Split}.
 * @throws TypeError if `items` is not a list, or `groupBy` is not a function.
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
  checkList(fn, 'items', items);
  checkFunction(fn, 'groupBy', groupBy);
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
    throw new RangeError(`${fn}: ${held.size} of ${items.length} items would be held out, leaving none to train on`);
  return { train: items.filter((_, i) => !held.has(i)), validation: items.filter((_, i) => held.has(i)) };
}
