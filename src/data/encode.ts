import { describe } from '../backend/describe.js';
import { checkFlag, checkOptions } from '../internal/checks.js';
import type { Pair } from '../logprobs/pairs.js';
import type { ChatTokenizer, TextTokenizer } from './chatTokenizer.js';
import { BadRow } from './badRow.js';
import { labelledSide, pairOfSides, weightOfRow, type Side } from './rows.js';
import { promptKey, type Sequence } from './sequence.js';
import { SIDE_OPTIONS, sideEncoder, type SideOptions } from './sides.js';
import type { SizeOptions } from './size.js';
import { checkTruncation, truncatePair, truncateSequence, type TruncationOptions } from './truncate.js';

/** A preference pair in token ids. */
export interface EncodedPair extends Pair<Sequence> {
  /** Index of its row, from 0. */
  readonly row: number;
  /** Summed log-probs of both sides under the reference, in nats, if they have been computed. */
  readonly reference?: Pair<number>;
  /** Weight of its loss, if its row has one. */
  readonly weight?: number;
}

/** An unpaired example in token ids. */
export interface EncodedExample extends Sequence {
  /** Index of its row, from 0. */
  readonly row: number;
  /** Whether it is desirable. */
  readonly label: boolean;
  /** Index of the first row with the same prompt: it identifies the prompt even if truncation has cut it. */
  readonly promptRow?: number;
  /** Summed log-prob under the reference, in nats, if it has been computed. */
  readonly reference?: number;
  /** Weight of its loss, if its row has one. */
  readonly weight?: number;
}

/** A row that was dropped. */
export interface DroppedRow {
  /** Index of the row, from 0. */
  readonly row: number;
  /** Why it was dropped. */
  readonly reason: string;
}

/** A row that is kept even though truncation removed its whole prompt. */
export interface PromptlessRow {
  /** Index of the row, from 0. */
  readonly row: number;
  /** The sides that have no prompt any more. */
  readonly sides: readonly ('chosen' | 'rejected' | 'completion')[];
}

/** Result of {@link encodePairs}. */
export interface EncodedPairs {
  /** The pairs, in the order of the rows. */
  readonly pairs: EncodedPair[];
  /** The rows that were dropped. */
  readonly dropped: DroppedRow[];
  /** The rows that were kept without their prompt. */
  readonly promptless: PromptlessRow[];
}

/** Result of {@link encodeUnpaired}. */
export interface EncodedExamples {
  /** The examples, in the order of the rows. */
  readonly examples: EncodedExample[];
  /** The rows that were dropped. */
  readonly dropped: DroppedRow[];
  /** The rows that were kept without their prompt. */
  readonly promptless: PromptlessRow[];
}

/** Options of {@link encodePairs} and {@link encodeUnpaired}. */
export interface EncodeOptions extends TruncationOptions, SideOptions, SizeOptions {
  /** Whether to drop rows that are malformed or too long instead of throwing. Default false. */
  readonly dropBadRows?: boolean;
}

/**
 * Encodes preference pairs as token ids, with masks of the counted tokens.
 *
 * Messages are rendered with the tokenizer's chat template. The counted tokens of an assistant turn start where the conversation leaves
 * the generation prompt, and include the end of the turn, with the line break that some templates write after it. Templates with
 * `{% generation %}` marks decide it themselves, see {@link chatTokenizer}. A turn that cannot be found in the rendered conversation is an
 * error, so that no mask is wrong.
 *
 * Text is encoded together with its prompt, as the model's tokenizer sees it; without a prompt, all tokens of a string are counted but the
 * start token. Answers end with a token that the model can learn, see `addEos`.
 *
 * @param rows - Rows like {@link PreferenceRow}, for example from {@link parseJsonl}. A `weight` is copied to the pair.
 * @param tokenizer - See {@link TextTokenizer}, which is enough for strings, and {@link ChatTokenizer}.
 * @param options - See {@link EncodeOptions}.
 * @returns The pairs, and the dropped rows: rows that truncation leaves without a completion or without a difference between the sides
 *   and, with `dropBadRows`, malformed rows.
 * @throws RangeError if a field is missing, the last message is not of the assistant, a completion is empty, both sides are the same, the
 *   tokenizer or its template fails, an answer cannot be found or has no end, a column that is not passed to the template would change the
 *   rendering, or a row is longer than `maxLength` without `truncation`. The message names the row.
 * @throws TypeError if there are messages and the tokenizer has no chat template, or if it returns anything but token ids.
 */
export function encodePairs(rows: readonly unknown[], tokenizer: TextTokenizer | ChatTokenizer, options: EncodeOptions = {}): EncodedPairs {
  const { kept, ...others } = encodeRows('encodePairs', rows, tokenizer, options, (row, at, encode) => {
    const { chosen, rejected } = pairOfSides(at, row);
    const [first, second] = encode([['chosen', chosen], ['rejected', rejected]]); // prettier-ignore
    const whole = { chosen: first!, rejected: second! };
    const areSame = (pair: Pair<Sequence>) => pair.chosen.tokens.join() === pair.rejected.tokens.join();
    if (areSame(whole)) throw new BadRow(at, 'chosen and rejected', 'are the same');
    const pair = truncatePair(at, whole, options);
    if (!pair) return NO_COMPLETION;
    if (areSame(pair)) return { reason: 'both sides are the same' };
    const sides = (['chosen', 'rejected'] as const).filter((side) => lostPrompt(whole[side], pair[side]));
    return { encoded: { ...pair, ...weightOfRow(at, row as object) }, sides };
  });
  return { pairs: kept, ...others };
}

/**
 * Encodes unpaired examples as token ids, with masks of the counted tokens, like {@link encodePairs} but for rows that have a `completion`
 * and a `label`.
 *
 * @param rows - Rows like {@link UnpairedRow}.
 * @param tokenizer - See {@link TextTokenizer}, which is enough for strings, and {@link ChatTokenizer}.
 * @param options - See {@link EncodeOptions}.
 * @returns The examples and the dropped rows.
 * @throws RangeError as {@link encodePairs} does, or if a label is not true or false.
 */
export function encodeUnpaired(
  rows: readonly unknown[],
  tokenizer: TextTokenizer | ChatTokenizer,
  options: EncodeOptions = {},
): EncodedExamples {
  const firstRows = new Map<string, number>();
  const { kept, ...others } = encodeRows('encodeUnpaired', rows, tokenizer, options, (row, at, encode, i) => {
    const { side, label } = labelledSide(at, row);
    const whole = encode([['completion', side]])[0]!;
    const prompt = promptKey(whole);
    const promptRow = firstRows.get(prompt) ?? i;
    firstRows.set(prompt, promptRow);
    const sequence = truncateSequence(at, whole, options);
    if (!sequence) return NO_COMPLETION;
    const sides = lostPrompt(whole, sequence) ? (['completion'] as const) : [];
    return { encoded: { ...sequence, label, promptRow, ...weightOfRow(at, row as object) }, sides };
  });
  return { examples: kept, ...others };
}

/** Encodes the sides of a row, which have names for error messages. */
type Encode = (sides: readonly (readonly [name: string, side: Side])[]) => readonly Sequence[];

/** The encoding of a row and the sides that lost their prompt, or the reason to drop it after truncation. */
type Outcome<Encoded> = { readonly encoded: Encoded; readonly sides: PromptlessRow['sides'] } | { readonly reason: string };
const NO_COMPLETION = { reason: 'a completion has no counted token after the first token of the row' };

/** Whether truncation left nothing of a prompt. */
const lostPrompt = (whole: Sequence, cut: Sequence): boolean => cut.mask[0] === 1 && whole.mask[0] === 0;

const OPTIONS = ['maxLength', 'truncation', 'maxTurns', 'maxCharacters', 'dropBadRows'];

function encodeRows<Encoded extends object>(
  fn: string,
  rows: readonly unknown[],
  tokenizer: TextTokenizer | ChatTokenizer,
  options: EncodeOptions,
  encodeRow: (row: unknown, at: string, encode: Encode, i: number) => Outcome<Encoded>,
): { kept: (Encoded & { row: number })[]; dropped: DroppedRow[]; promptless: PromptlessRow[] } {
  // A hole in the list is a bad row.
  if (!Array.isArray(rows)) throw new TypeError(`${fn}: rows is ${describe(rows)}, expected a list`);
  checkOptions(fn, options, [...OPTIONS, ...SIDE_OPTIONS]);
  const { maxLength, dropBadRows = false } = options;
  checkTruncation(fn, options);
  checkFlag(fn, 'dropBadRows', dropBadRows);
  if (typeof (tokenizer as Partial<TextTokenizer> | null | undefined)?.encode !== 'function') {
    throw new TypeError(
      `${fn}: tokenizer is ${describe(tokenizer)}, expected an object with encode, and with apply_chat_template for messages`,
    );
  }
  const encoder = sideEncoder(fn, tokenizer, options);

  const kept: (Encoded & { row: number })[] = [];
  const dropped: DroppedRow[] = [];
  const promptless: PromptlessRow[] = [];
  for (let i = 0; i < rows.length; i++) {
    const row: unknown = rows[i]; // Undefined for a hole in the list, which forEach would pass over.
    const at = `${fn}: rows[${i}]`;
    try {
      const outcome = encodeRow(row, at, (sides) => encoder(at, row as object, sides), i);
      if ('reason' in outcome) {
        dropped.push({ row: i, reason: `within ${maxLength!} tokens, ${outcome.reason}` });
        continue;
      }
      kept.push({ ...outcome.encoded, row: i });
      if (outcome.sides.length > 0) promptless.push({ row: i, sides: outcome.sides });
    } catch (error) {
      if (!(dropBadRows && error instanceof BadRow)) throw error;
      dropped.push({ row: i, reason: error.reason });
    }
  }
  return { kept, dropped, promptless };
}
