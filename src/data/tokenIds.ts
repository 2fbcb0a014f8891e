import { describe, reasonOf } from '../backend/describe.js';
import { BadRow } from './badRow.js';

/** A range of tokens; the end is exclusive. */
export interface Span {
  /** Index of the first token. */
  readonly start: number;
  /** Index after the last token. */
  readonly end: number;
}

/** Calls a tokenizer or its template. If it fails, the error names it by `subject`. */
export function callOf<Result>(at: string, subject: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw new BadRow(at, subject, `failed: ${reasonOf(error)}`, { cause: error });
  }
}

/** Calls a tokenizer and checks that it returns token ids; `subject` and `method` name it in errors. */
export function idsOf(at: string, subject: string, method: string, call: () => unknown): readonly number[] {
  const ids = callOf(at, subject, call);
  if (!Array.isArray(ids)) throw new TypeError(`${at}: ${method} returned ${describe(ids)}, expected a list of token ids`);
  const odd = ids.findIndex((id) => !Number.isInteger(id));
  if (odd >= 0) throw new TypeError(`${at}: ${method} returned a list that contains ${describe(ids[odd])}, expected token ids`);
  return ids as number[];
}

/** Number of tokens that both lists start with. */
export function commonStart(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let n = 0;
  while (n < end && a[n] === b[n]) n++;
  return n;
}

/** Number of tokens that both lists end with. */
export function commonEnd(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let n = 0;
  while (n < end && a[a.length - 1 - n] === b[b.length - 1 - n]) n++;
  return n;
}
