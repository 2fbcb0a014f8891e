import { isReadable, rounded } from './engine.js';

/** The logit of an impossible token: a GPU need not honour an infinity. */
export const HOLE = isReadable ? -Infinity : -1e30;

// Sizes that divide nothing and that are multiples of four, beside those at which a kernel changes its way.
export const SIZES = [1, 2, 3, 47, 64, 65, 123, 257, 1028, 1031];

export const logitsOf = (rows: number, size: number, scale: number, shift = 0): number[][] =>
  rounded(Array.from({ length: rows }, (_, n) => Array.from({ length: size }, (_, v) => shift + scale * Math.sin(12.9898 * v + n)))) as number[][]; // prettier-ignore

export const kinds = { flat: [1e-3, 0], usual: [4, 0], peaky: [40, 0], shifted: [4, 100] } as const;
