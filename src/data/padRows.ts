import { describe } from '../backend/describe.js';
import { checkNumber, checkOptions } from '../internal/checks.js';
import { positiveInteger } from '../internal/domains.js';
import { checkSequence, tokenId, type Sequence } from './sequence.js';

/** Rows of equal width in plain numbers. `completionLogProbs(logits, batch)` takes it as it is. */
export interface Batch {
  /** Input of the model, padded on the right, integers `[N, T]`. */
  readonly tokens: number[][];
  /** 1 on tokens, 0 on padding, `[N, T]`. */
  readonly attentionMask: number[][];
  /** 1 on counted tokens, 0 on others, `[N, T]`, aligned with `tokens`; 0 on the first token of a sequence, which nothing predicts. */
  readonly mask: number[][];
  /** Weights of the counted tokens, 0 on others, `[N, T]`, if some sequence has weights; a sequence without weights has 1. */
  readonly weights?: number[][];
}

/** Options of the functions that collate. */
export interface CollateOptions {
  /** Padding token id. Padding is never counted, so a tokenizer without a padding token can use its end token. */
  readonly padTokenId: number;
  /** The width is rounded up to a multiple of this number, so that a GPU engine compiles programs for few shapes. Default 1. */
  readonly padToMultipleOf?: number;
}

/** Most tokens of a batch with its padding. Its lists take up to 50 bytes for each. */
const MAX_TOKENS = 2 ** 24;

/** An item and its name in error messages. */
export type Named<Item> = readonly [name: string, item: Item];

/** Joins values `[T]` of the sequences of each row, and pads them on the right to the width of the batch. */
export type Join = (values: (sequence: Sequence, place: number) => readonly number[], padding: number) => number[][];

/** Checks the options and the sequences of each row, and joins those of each row. */
export function padRows(
  fn: string,
  name: string,
  rows: readonly (readonly Named<Sequence>[])[],
  options: CollateOptions,
): { readonly batch: Batch; readonly join: Join } {
  checkOptions(fn, options, ['padTokenId', 'padToMultipleOf']);
  const { padTokenId, padToMultipleOf = 1 } = options;
  if (typeof padTokenId !== 'number') {
    throw new TypeError(
      `${fn}: padTokenId is ${describe(padTokenId)}, expected a token id; if the tokenizer has no padding token, use its end token`,
    );
  }
  checkNumber(fn, 'padTokenId', padTokenId, tokenId);
  checkNumber(fn, 'padToMultipleOf', padToMultipleOf, positiveInteger);
  if (rows.length === 0) throw new RangeError(`${fn}: ${name} is empty, expected at least one`);
  for (const [at, sequence] of rows.flat()) checkSequence(fn, at, sequence);

  const lengths = rows.map((row) => row.reduce((sum, [, { tokens }]) => sum + tokens.length, 0));
  const longest = lengths.reduce((width, length) => Math.max(width, length), 0);
  const width = Math.ceil(longest / padToMultipleOf) * padToMultipleOf;
  if (rows.length * width > MAX_TOKENS) {
    throw new RangeError(
      `${fn}: the batch would have shape [${rows.length}, ${width}] with the longest row of ${longest} tokens and padToMultipleOf ${padToMultipleOf}, expected at most ${MAX_TOKENS} tokens`,
    );
  }
  // `concat` copies lists in one piece, unlike `flatMap`.
  const join: Join = (values, padding) =>
    rows.map((row, r) => {
      const parts = row.map(([, sequence], place) => values(sequence, place));
      return ([] as number[]).concat(...parts, filled(width - lengths[r]!, padding));
    });
  const hasWeights = rows.some((row) => row.some(([, { weights }]) => weights !== undefined));
  return {
    batch: {
      tokens: join(({ tokens }) => tokens, padTokenId),
      attentionMask: join(({ tokens }) => filled(tokens.length, 1), 0),
      mask: join(countedMask, 0),
      ...(hasWeights && { weights: join(countedWeights, 0) }),
    },
    join,
  };
}

/** A list of one number, repeated. */
export const filled = (length: number, value: number): number[] => new Array<number>(length).fill(value);

const countedMask = ({ mask }: Sequence): number[] => [0, ...mask.slice(1)];

const countedWeights = (sequence: Sequence): number[] =>
  countedMask(sequence).map((counts, t) => (counts === 1 ? (sequence.weights?.[t] ?? 1) : 0));
