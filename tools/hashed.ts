/**
 * Numbers that look random, uniform in [centre - width, centre + width), by a formula, so that Python makes the same ones: the
 * index through the last steps of MurmurHash3. With powers of two for widths around 0, float32 holds them exactly.
 */
export function hashed(size: number, seed: number, width = 1, centre = 0): Float32Array {
  const values = new Float32Array(size);
  const offset = Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < size; i++) {
    let h = i + offset;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    values[i] = centre + width * ((h >>> 8) / 2 ** 23 - 1);
  }
  return values;
}
