import { describe, expect, it } from 'vitest';
import { generator } from '../../../src/internal/random.js';
import { contentHash } from '../../../src/tfjs/training/contentHash.js';
import { isArrays } from '../../support/engine.js';

/** The formula of its doc comment, in integers of any size. */
function hashOf(parts: readonly Uint8Array[]): number {
  const mod = 2n ** 32n;
  let h = 0n;
  const mix = (x: bigint) => {
    h = ((((h << 13n) | (h >> 19n)) % mod ^ x % mod) * 0x9e3779b1n) % mod; // prettier-ignore
  };
  for (const part of parts) {
    const word = (i: number) => BigInt(new DataView(part.buffer, part.byteOffset).getUint32(4 * i, true));
    const words = Math.floor(part.length / 4);
    let i = 0;
    for (; i + 7 < words; i += 8) mix([0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, n) => sum + BigInt(2 * n + 1) * word(i + n), 0n));
    for (; i < words; i++) mix(word(i));
    for (const byte of part.subarray(4 * words)) mix(BigInt(byte));
  }
  return Number(h);
}

// It needs no engine, so it runs once.
describe.skipIf(!isArrays)('contentHash', () => {
  const random = generator(1);
  const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(256 * random()));

  it('is the formula of its doc comment, for any length and any place in memory', () => {
    for (let length = 0; length < 130; length++) {
      const [one, two] = [bytes(length), bytes(length + 3).subarray(3)];
      expect(contentHash([one, two])).toBe(hashOf([one, two]));
    }
    expect(contentHash([])).toBe(0);
    expect(contentHash([new TextEncoder().encode('prefloss checkpoint')])).toBe(0xea513cd2);
  });

  it('changes with each byte and with the order of blocks', () => {
    const content = bytes(4096);
    const hash = contentHash([content]);
    for (let i = 0; i < content.length; i++) {
      const before = content[i]!;
      content[i] = Math.floor(256 * random());
      if (content[i] !== before) expect(contentHash([content])).not.toBe(hash);
      content[i] = before;
    }
    for (const size of [32, 64, 512]) {
      const moved = new Uint8Array([...content.subarray(size, 2 * size), ...content.subarray(0, size), ...content.subarray(2 * size)]);
      expect(contentHash([moved])).not.toBe(hash);
      expect(contentHash([new Uint8Array(content).fill(0, size, 2 * size)])).not.toBe(hash);
    }
  });
});
