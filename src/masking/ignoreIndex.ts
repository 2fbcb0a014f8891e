import type { Reader } from '../internal/options.js';

/** The label of tokens that do not count: -100, as in PyTorch's cross-entropy and in Hugging Face's collators. */
export const IGNORE_INDEX = -100;

/** Reads an ignore index, for a function that checks it once it knows the vocabulary. */
export const anyIgnoreIndex: Reader<number> = (_fn, _name, value = IGNORE_INDEX) => value as number;

/** Checks that an ignore index is an integer that cannot be mistaken for a token. */
export function checkIgnoreIndex(fn: string, ignoreIndex: unknown, vocabulary = 0): void {
  const usable = Number.isInteger(ignoreIndex) && ((ignoreIndex as number) < 0 || (ignoreIndex as number) >= vocabulary);
  if (!usable) {
    const outside = vocabulary > 0 ? ` outside [0, ${vocabulary})` : '';
    throw new RangeError(`${fn}: ignoreIndex must be an integer${outside}, got ${String(ignoreIndex)}`);
  }
}
