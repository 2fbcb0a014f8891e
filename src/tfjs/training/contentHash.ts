/**
 * A hash of 32 bits of several parts, in their order, which finds damage but no intent. Each change within one word changes it, and random
 * damage to more does with a probability of 1 - 2^-32; changes that cancel each other, such as of w0 by 3 and of w1 by -1, do not. It takes
 * little of the time of reading a file; a CRC-32 takes several times as long in JavaScript.
 *
 *     h = 0; for each part: h = mix(h, x) for its groups of eight little-endian words w0 ... w7, then its remaining words, then bytes, where
 *     mix(h, x) = (rotateLeft(h, 13) xor x) 0x9e3779b1 mod 2^32    x = w0 + 3 w1 + 5 w2 + ... + 15 w7 mod 2^32, or the word, or the byte
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
  for (; i + 7 < words.length; i += 8) {
    const first = (words[i]! + Math.imul(words[i + 1]!, 3)) | 0;
    const second = (Math.imul(words[i + 2]!, 5) + Math.imul(words[i + 3]!, 7)) | 0;
    const third = (Math.imul(words[i + 4]!, 9) + Math.imul(words[i + 5]!, 11)) | 0;
    const fourth = (Math.imul(words[i + 6]!, 13) + Math.imul(words[i + 7]!, 15)) | 0;
    hash = mix(hash, first + second + third + fourth);
  }
  for (; i < words.length; i++) hash = mix(hash, words[i]!);
  for (i *= 4; i < bytes.length; i++) hash = mix(hash, bytes[i]!);
  return hash;
}
