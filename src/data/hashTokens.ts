import { checkFields } from '../internal/checks.js';
import type { Pair } from '../logprobs/pairs.js';
import { SIDES } from './itemFields.js';
import type { MismatchedExample } from './mismatchCompletions.js';
import { checkSequence, type Sequence } from './sequence.js';

/** What {@link hashTokens} reads of a pair or an example. */
export type HashedItem = Pair<Sequence> | (Sequence & Partial<Pick<MismatchedExample, 'mismatched'>>);

/**
 * Returns a hash of what the log-probs of a pair or an example depend on: tokens, masks and weights of tokens, of both sides or of the
 * example and its mismatched completion. Row, label and the weight of the loss have no effect.
 *
 * Two different items have the same hash with a probability of about 2^-64, so n items hold two with the same hash with a probability of
 * about n^2 / 2^65: 3e-8 for a million. The hash finds accidents, not attacks: equal hashes can be constructed.
 *
 *     a = 0, b = 0; for each 32-bit word w of the item:
 *       a = (a xor w) 0x85ebca6b;    a = a xor shiftRight(a, 15)
 *       b = (rotateLeft(b, 13) xor a) 0xc2b2ae35;    a = a + b                        (all mod 2^32)
 *     b = mix(b + mix(a));    hash = mix(a + b), b in hexadecimal digits, with mix the last steps of MurmurHash3
 *
 * The words are 1 for an example, 2 for one with a mismatched completion or 3 for a pair; then, for each sequence, twice its length, plus 1
 * if it has weights; `2 token + mask` for each token; and both halves of each weight as a float64, the upper one first.
 *
 * @param item - A pair from {@link encodePairs}, or an example from {@link encodeUnpaired} or {@link mismatchCompletions}.
 * @returns 16 hexadecimal digits, the same on every machine and in every version of the library.
 * @throws TypeError or RangeError if the item is malformed.
 *
 * @example
 * ```ts
 * import { hashTokens } from 'prefloss';
 * console.log(hashTokens({ tokens: [1, 2], mask: [0, 1] }), hashTokens({ tokens: [1, 2], mask: [1, 1] })); // 7bbee97025fe00a7 144e421d7eab6244
 * ```
 */
export const hashTokens = (item: HashedItem): string => hashOf('hashTokens', 'item', item);

/** The hash of an item that has a name in error messages. */
export function hashOf(fn: string, name: string, item: HashedItem): string {
  const sequences = sequencesOf(fn, name, item);
  for (const [at, sequence] of sequences) checkSequence(fn, at, sequence);
  const kind = 'chosen' in item ? 3 : sequences.length;
  const words = sequences.map(([, sequence]) => wordsOf(sequence));
  return hashWords([Int32Array.of(kind), ...words]);
}

/** The words of a sequence, which tell where it ends. */
function wordsOf({ tokens, mask, weights }: Sequence): Int32Array {
  const words = new Int32Array(1 + tokens.length * (weights ? 3 : 1));
  words[0] = 2 * tokens.length + (weights ? 1 : 0);
  for (let t = 0; t < tokens.length; t++) words[1 + t] = (tokens[t]! << 1) | mask[t]!;
  if (!weights) return words;
  const float = new DataView(new ArrayBuffer(8));
  weights.forEach((weight, t) => {
    float.setFloat64(0, weight + 0); // 0 if it is -0, which JSON does not keep
    const at = 1 + tokens.length + 2 * t;
    words[at] = float.getInt32(0);
    words[at + 1] = float.getInt32(4);
  });
  return words;
}
/** The sequences of an item, each with its name. */
function sequencesOf(fn: string, name: string, item: HashedItem): readonly (readonly [name: string, sequence: Sequence])[] {
  checkFields(fn, name, item, [], 'any', 'an encoded pair or example');
  if ('chosen' in item) {
    checkFields(fn, name, item, SIDES);
    return SIDES.map((side) => [`${name}.${side}`, item[side]]);
  }
  return item.mismatched === undefined ? [[name, item]] : [[name, item], [`${name}.mismatched`, item.mismatched]]; // prettier-ignore
}

function hashWords(parts: readonly Int32Array[]): string {
  let a = 0;
  let b = 0;
  for (const words of parts) {
    for (const word of words) {
      a = Math.imul(a ^ word, 0x85ebca6b);
      a ^= a >>> 15;
      b = Math.imul(((b << 13) | (b >>> 19)) ^ a, 0xc2b2ae35);
      a = (a + b) | 0;
    }
  }
  b = mix(b + mix(a));
  return digitsOf(mix(a + b)) + digitsOf(b);
}

function mix(x: number): number {
  let h = x ^ (x >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const digitsOf = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
