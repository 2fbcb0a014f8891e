import { checkFields, checkFlag, checkNumber } from '../internal/checks.js';
import { finite, notNegative } from '../internal/domains.js';
import type { Pair } from '../logprobs/pairs.js';
import { checkList } from './checkList.js';
import type { EncodedPair } from './encode.js';
import type { MismatchedExample } from './mismatchCompletions.js';
import type { Named } from './padRows.js';
import type { Sequence } from './sequence.js';

/** The sides of a pair in the order of a batch. */
export const SIDES = ['chosen', 'rejected'] as const;

/** Checks that a list holds pairs, and names them. */
export function namedPairs(fn: string, name: string, pairs: readonly EncodedPair[]): Named<EncodedPair>[] {
  checkList(fn, name, pairs);
  return pairs.map((pair, i) => {
    checkFields(fn, `${name}[${i}]`, pair, SIDES);
    return [`${name}[${i}]`, pair];
  });
}

/** One side of each pair. */
export const sideOf = ([name, pair]: Named<EncodedPair>, side: keyof Pair<unknown>): Named<Sequence> => [`${name}.${side}`, pair[side]];

/** What pairs have besides their sides, in lists. */
export function pairFields(fn: string, pairs: readonly Named<EncodedPair>[]): { reference?: Pair<number[]>; weight?: number[] } {
  const reference = allOrNone(fn, pairs, 'reference');
  reference?.forEach((logps, i) => {
    const name = `${pairs[i]![0]}.reference`;
    checkFields(fn, name, logps, SIDES);
    for (const side of SIDES) checkNumber(fn, `${name}.${side}`, logps[side], finite);
  });
  return {
    ...(reference && { reference: { chosen: reference.map(({ chosen }) => chosen), rejected: reference.map(({ rejected }) => rejected) } }),
    ...weightField(fn, pairs),
  };
}

/** What examples have besides their tokens, in lists. */
export function exampleFields(
  fn: string,
  examples: readonly Named<Partial<MismatchedExample>>[],
): { desirable?: number[]; reference?: number[]; weight?: number[] } {
  const labels = allOrNone(fn, examples, 'label');
  labels?.forEach((label, i) => {
    checkFlag(fn, `${examples[i]![0]}.label`, label);
  });
  const reference = logpsOf(fn, examples, 'reference');
  return { ...(labels && { desirable: labels.map(Number) }), ...(reference && { reference }), ...weightField(fn, examples) };
}

/** A field of log-probs, if the examples have it. */
export function logpsOf(
  fn: string,
  examples: readonly Named<Partial<MismatchedExample>>[],
  field: 'reference' | 'mismatchedReference',
): number[] | undefined {
  const logps = allOrNone(fn, examples, field);
  logps?.forEach((logp, i) => {
    checkNumber(fn, `${examples[i]![0]}.${field}`, logp, finite);
  });
  return logps;
}

function weightField(fn: string, items: readonly Named<{ readonly weight?: number }>[]): { weight?: number[] } {
  const weight = allOrNone(fn, items, 'weight');
  weight?.forEach((value, i) => {
    checkNumber(fn, `${items[i]![0]}.weight`, value, notNegative);
  });
  return weight ? { weight } : {};
}

/** The values of a field if all items have it, undefined if none has it; throws otherwise. */
export function allOrNone<Item, Field extends keyof Item & string>(
  fn: string,
  items: readonly Named<Item>[],
  field: Field,
): Exclude<Item[Field], undefined>[] | undefined {
  const values = items.map(([, item]) => item[field]);
  const missing = values.indexOf(undefined as Item[Field]);
  if (missing < 0) return values as Exclude<Item[Field], undefined>[];
  const present = values.findIndex((value) => value !== undefined);
  if (present < 0) return undefined;
  throw new RangeError(`${fn}: ${items[missing]![0]} lacks ${field}, which ${items[present]![0]} has`);
}
