import { numberIn } from '../backend/describe.js';
import { checkFields, checkNumber } from '../internal/checks.js';
import { finite, wholeNumber } from '../internal/domains.js';
import type { Pair } from '../logprobs/pairs.js';
import type { WithReference } from './attachReference.js';
import type { EncodedExample, EncodedPair } from './encode.js';
import { hashOf } from './hashTokens.js';
import { SIDES } from './itemFields.js';
import type { MismatchedExample } from './mismatchCompletions.js';

/** Log-probs of an item under the reference, with a key that tells whether they still belong to it. JSON can store it. */
export interface ReferenceRow {
  /** Index of the row of the data set, from 0. */
  readonly row: number;
  /** What {@link hashTokens} gives for the item. */
  readonly hash: string;
  /** Summed log-probs in nats: of both sides of a pair, or of the completion of an example. */
  readonly reference: number | Pair<number>;
  /** Summed log-prob of the mismatched completion of an example in nats, if it has one. */
  readonly mismatchedReference?: number;
}

/**
 * Returns what to store of an item whose log-probs under the reference are known, keyed by its row and its tokens. `JSON.stringify` makes
 * it a line of about 100 characters, from which {@link attachReferenceRow} gets the same log-probs, to the last bit: JSON keeps every finite
 * number but -0, which becomes 0.
 *
 * @param item - A pair or an example from {@link attachReference}.
 * @returns Its row, hash and log-probs, see {@link ReferenceRow}. Tokens are not copied.
 * @throws TypeError or RangeError if the item is malformed.
 * @throws TypeError if a log-prob is missing.
 * @throws RangeError if a log-prob is not finite.
 *
 * @example
 * ```ts
 * import { referenceRow } from 'prefloss';
 * const row = referenceRow({ row: 0, label: true, tokens: [1, 2], mask: [0, 1], reference: -2.5 });
 * console.log(JSON.stringify(row)); // {"row":0,"hash":"7bbee97025fe00a7","reference":-2.5}
 * ```
 */
export function referenceRow(
  item: WithReference<EncodedPair> | WithReference<EncodedExample> | WithReference<MismatchedExample>,
): ReferenceRow {
  const { at, hash } = keyOf('referenceRow', item);
  return { row: item.row, hash, ...logpsOf(at, 'item', item, item) };
}

/**
 * Attaches a stored row of log-probs to the item that it was computed from.
 *
 * @param item - A pair or an example, encoded as when its log-probs were computed.
 * @param referenceRow - Its {@link ReferenceRow}, as read from JSON.
 * @returns A copy of the item with its log-probs.
 * @throws TypeError if `referenceRow` is missing or malformed, or lacks a log-prob that the item needs.
 * @throws RangeError if it belongs to another row or to other tokens, or a log-prob is not finite. All messages name the row of the item.
 *
 * @example
 * ```ts
 * import { attachReferenceRow, referenceRow } from 'prefloss';
 * const example = { row: 0, label: true, tokens: [1, 2], mask: [0, 1] };
 * const line = JSON.stringify(referenceRow({ ...example, reference: -2.5 }));
 * console.log(attachReferenceRow(example, JSON.parse(line)).reference); // -2.5
 * ```
 */
export function attachReferenceRow<Item extends EncodedPair | EncodedExample | MismatchedExample>(
  item: Item,
  referenceRow: unknown,
): WithReference<Item> {
  const { at, hash } = keyOf('attachReferenceRow', item);
  checkFields(at, 'referenceRow', referenceRow, ['row', 'hash', 'reference']);
  const stored = referenceRow as ReferenceRow;
  if (stored.row !== item.row) throw new RangeError(`${at} got the reference of row ${numberIn(stored.row)}`);
  if (stored.hash !== hash) throw new RangeError(`${at} has other tokens than when its reference was computed`);
  return { ...item, ...logpsOf(at, 'referenceRow', stored, item) } as WithReference<Item>;
}

/** The start of error messages about an item, and its hash. */
function keyOf(fn: string, item: EncodedPair | EncodedExample | MismatchedExample): { readonly at: string; readonly hash: string } {
  checkFields(fn, 'item', item, ['row'], 'any', 'an encoded pair or example with its row');
  checkNumber(fn, 'item.row', item.row, wholeNumber);
  const at = `${fn}: row ${item.row}`;
  return { at, hash: hashOf(at, 'item', item) };
}

type Logps = Pick<ReferenceRow, 'reference' | 'mismatchedReference'>;

/** The log-probs that an item needs, checked. */
function logpsOf(at: string, name: string, { reference, mismatchedReference }: Logps, item: object): Logps {
  if ('chosen' in item) {
    checkFields(at, `${name}.reference`, reference, SIDES);
    const sides = reference as Pair<number>;
    for (const side of SIDES) checkNumber(at, `${name}.reference.${side}`, sides[side], finite);
    return { reference: { chosen: sides.chosen, rejected: sides.rejected } };
  }
  checkNumber(at, `${name}.reference`, reference, finite);
  if (!('mismatched' in item)) return { reference };
  checkNumber(at, `${name}.mismatchedReference`, mismatchedReference, finite);
  return { reference, mismatchedReference };
}
