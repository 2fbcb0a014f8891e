/**
 * A hash of 32 bits of several parts, in their order, which finds damage but no intent: each change of one word changes it, any other with
 * a probability of 1 - 2^-32. It takes little of the time of reading a file; a CRC-32 takes several times as long in JavaScript.
 *
 *     h = 0; for each part: h = mix(h, x) for its groups of four little-endian words w0 ... w3, then its remaining words, then bytes, where
 *     mix(h, x) = (rotateLeft(h, 13) xor x) 0x9e3779b1 mod 2^32    x = w0 + 3 w1 + 5 w2 + 7 w3 mod 2^32, or the word, or the byte
 */
export function contentHash(parts: Iterable<Uint8Array>): number {
  let hash = 0;
  for (const part of parts) hash = hashOf(part, hash);
  return hash >>> 0;
}

const mix = (hash: number, x: number): number => Math.imul(((hash << 13) | (hash >>> 19)) ^ x, 0x9e3779b1);

function hashOf(part: Uint8Array, start: number): number {
  // Words begin at a multiple of four bytes.
  const bytes = part.byteOffset % 4 === 0 ? part : new Uint8Array(part);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
  let hash = start;
  let i = 0;
  for (; i + 3 < words.length; i += 4) {
    const pair = (words[i]! + Math.imul(words[i + 1]!, 3)) | 0;
    hash = mix(hash, pair + Math.imul(words[i + 2]!, 5) + Math.imul(words[i + 3]!, 7));
  }
  for (; i < words.length; i++) hash = mix(hash, words[i]!);
  for (i *= 4; i < bytes.length; i++) hash = mix(hash, bytes[i]!);
  return hash;
}
