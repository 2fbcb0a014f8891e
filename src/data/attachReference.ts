import type { Pair } from '../logprobs/pairs.js';
import type { EncodedExample, EncodedPair } from './encode.js';
import type { MismatchedExample } from './mismatchCompletions.js';

/** A pair or an example that has its log-probs under the reference. */
export type WithReference<Item> = Item & {
  /** Summed log-probs, in nats: of both sides, or of the one completion. */
  readonly reference: Item extends Pair<unknown> ? Pair<number> : number;
};

/**
 * Pairs or examples with the log-probs of a reference beside them, from where {@link collatePairs} and {@link collateUnpaired} put
 * them into batches of any kind.
 *
 * @param batches - What was given to `precomputeReference`, for example of {@link batchesOf}.
 * @param results - What it gave, for each batch: `[chosen, rejected]` of pairs; `[logps]` of examples, or `[logps, mismatched]` of those that
 *   have a mismatched completion; each `[B]`, in nats.
 * @returns The items of all batches, one batch after the other.
 * @throws RangeError that names the batch if there is not one value for each item.
 *
 * @example
 * ```ts
 * import { attachReference } from 'prefloss';
 * const example = { row: 0, label: true, tokens: [1, 2], mask: [0, 1] };
 * console.log(attachReference([[example]], [[[-2.5]]])[0]!.reference); // -2.5
 * ```
 */
export function attachReference<Item extends EncodedPair | EncodedExample | MismatchedExample>(
  batches: readonly (readonly Item[])[],
  results: readonly (readonly ArrayLike<number>[])[],
): WithReference<Item>[] {
  const fn = 'attachReference';
  if (results.length !== batches.length) throw new RangeError(`${fn}: results has ${results.length} batches, expected ${batches.length}`);
  return batches.flatMap((items, b) => {
    const lists = results[b]!;
    const count = items.some((item) => 'chosen' in item || 'mismatched' in item) ? 2 : 1;
    if (lists.length !== count) throw new RangeError(`${fn}: results[${b}] has ${lists.length} lists, expected ${count}`);
    const short = lists.findIndex((list) => list.length !== items.length);
    if (short >= 0) throw new RangeError(`${fn}: results[${b}][${short}] has ${lists[short]!.length} values, expected ${items.length}`);
    return items.map((item, i) => {
      const [first, second] = [lists[0]![i]!, lists[1]?.[i]];
      const own =
        'chosen' in item
          ? { reference: { chosen: first, rejected: second } }
          : { reference: first, ...(second !== undefined && { mismatchedReference: second }) };
      return { ...item, ...own } as WithReference<Item>;
    });
  });
}
