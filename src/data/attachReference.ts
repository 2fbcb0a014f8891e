import { isList } from '../backend/arrays/lists.js';
import { describe } from '../backend/describe.js';
import { checkEach, checkFields } from '../internal/checks.js';
import { finite } from '../internal/domains.js';
import type { Pair } from '../logprobs/pairs.js';
import { checkList } from './checkList.js';
import type { EncodedExample, EncodedPair } from './encode.js';
import type { MismatchedExample } from './mismatchCompletions.js';

/** A pair or an example with its log-probs under the reference. */
export type WithReference<Item> = Item & {
  /** Summed log-probs in nats: of both sides of a pair, or of the completion of an example. */
  readonly reference: Item extends Pair<unknown> ? Pair<number> : number;
};

/** Log-probs of the items of a batch, in nats, each `[B]`. The lists of pairs and of mismatched completions may also be in one list. */
export type ReferenceLogps =
  | ArrayLike<number>
  | readonly ArrayLike<number>[]
  | Pair<ArrayLike<number>>
  | {
      /** Of the examples themselves. */
      readonly completion: ArrayLike<number>;
      /** Of their mismatched completions. */
      readonly mismatched: ArrayLike<number>;
    };

/**
 * Attaches log-probs under the reference to pairs or examples. {@link collatePairs} and {@link collateUnpaired} copy them into
 * batches, which may group the items differently.
 *
 * @param batches - The batches that were passed to `precomputeReference`, for example from {@link batchesOf}.
 * @param results - The result of `precomputeReference`, per batch: `{ chosen, rejected }` for pairs, one list for examples, or
 *   `{ completion, mismatched }` for examples with a mismatched completion; or these lists in a list, in this order.
 * @returns Copies of the items with their log-probs, in the order of the batches.
 * @throws TypeError if the batches are not lists of encoded pairs or examples, or a result lacks a list that its items need.
 * @throws RangeError if `results` does not have one entry per batch, or a batch does not have one finite value per item. The message names
 *   the batch.
 *
 * @example
 * ```ts
 * import { attachReference } from 'prefloss';
 * const example = { row: 0, label: true, tokens: [1, 2], mask: [0, 1] };
 * console.log(attachReference([[example]], [[-2.5]])[0]!.reference); // -2.5
 * ```
 */
export function attachReference<Item extends EncodedPair | EncodedExample | MismatchedExample>(
  batches: readonly (readonly Item[])[],
  results: readonly ReferenceLogps[],
): WithReference<Item>[] {
  const fn = 'attachReference';
  checkList(fn, 'batches', batches);
  checkList(fn, 'results', results);
  if (results.length !== batches.length) throw new RangeError(`${fn}: results has ${results.length} batches, expected ${batches.length}`);
  return batches.flatMap((items, b) => {
    checkList(fn, `batches[${b}]`, items);
    items.forEach((item, i) => {
      if (typeof item === 'object' && (item as Item | null) !== null) return;
      throw new TypeError(`${fn}: batches[${b}][${i}] is ${describe(item)}, expected an encoded pair or example`);
    });
    const lists = listsOf(fn, `results[${b}]`, results[b]!, sidesOf(items), items.length);
    return items.map((item, i) => {
      const [first, second] = lists.map((list) => list[i]!);
      const own =
        'chosen' in item
          ? { reference: { chosen: first, rejected: second } }
          : { reference: first, ...(second !== undefined && { mismatchedReference: second }) };
      return { ...item, ...own } as WithReference<Item>;
    });
  });
}

/** Names of the log-probs that the items need. */
function sidesOf(items: readonly (EncodedPair | EncodedExample | MismatchedExample)[]): readonly string[] {
  if (items.some((item) => 'chosen' in item)) return ['chosen', 'rejected'];
  return items.some((item) => 'mismatched' in item) ? ['completion', 'mismatched'] : ['completion'];
}

/** Returns the lists of a result in the order of the sides, checked. */
function listsOf(fn: string, name: string, result: unknown, sides: readonly string[], length: number): ArrayLike<number>[] {
  const named = namedLists(fn, name, result, sides);
  for (const [at, list] of named) {
    if (!isList(list)) throw new TypeError(`${fn}: ${at} is ${describe(list)}, expected a list of numbers`);
  }
  if (named.length !== sides.length) throw new RangeError(`${fn}: ${name} has ${named.length} lists, expected ${sides.length}`);
  return (named as [string, ArrayLike<number>][]).map(([at, list]) => {
    if (list.length !== length) throw new RangeError(`${fn}: ${at} has ${list.length} values, expected ${length}`);
    checkEach(fn, at, list, finite);
    return list;
  });
}

function namedLists(fn: string, name: string, result: unknown, sides: readonly string[]): (readonly [string, unknown])[] {
  if (!isList(result)) {
    checkFields(fn, name, result, sides);
    return sides.map((side) => [`${name}.${side}`, (result as Record<string, unknown>)[side]]);
  }
  const isFlat = sides.length === 1 && !isList(result[0]);
  return isFlat ? [[name, result]] : Array.from(result, (list, n) => [`${name}[${n}]`, list]);
}
