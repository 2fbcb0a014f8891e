import type { Pair } from '../logprobs/pairs.js';
import type { EncodedExample, EncodedPair } from './encode.js';
import type { MismatchedExample } from './mismatchCompletions.js';

/** A pair or an example with its log-probs under the reference. */
export type WithReference<Item> = Item & {
  /** Summed log-probs in nats: of both sides of a pair, or of the completion of an example. */
  readonly reference: Item extends Pair<unknown> ? Pair<number> : number;
};

/**
 * Attaches log-probs under the reference to pairs or examples. {@link collatePairs} and {@link collateUnpaired} copy them into
 * batches, which may group the items differently.
 *
 * @param batches - The batches that were passed to `precomputeReference`, for example from {@link batchesOf}.
 * @param results - The result of `precomputeReference`, per batch: `[chosen, rejected]` for pairs, `[logps]` for examples, or
 *   `[logps, mismatched]` for examples with a mismatched completion; each `[B]`, in nats.
 * @returns Copies of the items with their log-probs, in the order of the batches.
 * @throws RangeError if `results` does not have one entry per batch, or a batch does not have one value per item; the message then names
 *   the batch.
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
