/**
 * Returns pseudo-random numbers, uniform in [centre - width, centre + width), from the final steps of MurmurHash3 on the index, so that
 * Python can compute the same numbers. If the centre is 0 and the width a power of two, float32 represents them exactly.
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
