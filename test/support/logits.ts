import { isReadable, rounded } from './engine.js';

/** The logit of an impossible token; finite on a GPU, which need not honour infinities. */
export const HOLE = isReadable ? -Infinity : -1e30;

/** Vocabulary sizes: 1, powers of two, other multiples of four, and sizes that are neither. */
export const SIZES = [1, 2, 3, 47, 64, 65, 123, 257, 1028, 1031];

export const logitsOf = (rows: number, size: number, scale: number, shift = 0): number[][] =>
  rounded(Array.from({ length: rows }, (_, n) => Array.from({ length: size }, (_, v) => shift + scale * Math.sin(12.9898 * v + n)))) as number[][]; // prettier-ignore

export const kinds = { flat: [1e-3, 0], usual: [4, 0], peaky: [40, 0], shifted: [4, 100] } as const;
