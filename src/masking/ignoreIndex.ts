import { numberIn } from '../backend/describe.js';
import type { Reader } from '../internal/options.js';

/** The default label of ignored tokens: -100, as in PyTorch's cross-entropy and in Hugging Face's collators. */
export const IGNORE_INDEX = -100;

/** Reads an ignored label without a check, for functions that call `checkIgnoreIndex` when they know the vocabulary. */
export const anyIgnoreIndex: Reader<number> = (_fn, _name, value = IGNORE_INDEX) => value as number;

/** Checks that an ignored label is an integer, and not a token of the vocabulary if its size is given. */
export function checkIgnoreIndex(fn: string, ignoreIndex: unknown, vocabulary = 0): void {
  const usable = Number.isInteger(ignoreIndex) && ((ignoreIndex as number) < 0 || (ignoreIndex as number) >= vocabulary);
  if (!usable) {
    const outside = vocabulary > 0 ? ` outside [0, ${vocabulary})` : '';
    throw new RangeError(`${fn}: ignoreIndex must be an integer${outside}, got ${numberIn(ignoreIndex)}`);
  }
}
