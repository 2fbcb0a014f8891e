import { describe } from '../backend/registry.js';
import { checkChoice, checkFlag, checkOptions } from '../internal/checks.js';
import type { Pair } from '../logprobs/pairs.js';
import { checkList } from './checkList.js';
import type { ChatTokenizer, TextTokenizer } from './chatTokenizer.js';
import { BadRow, labelledSide, pairOfSides, type Message, type Side } from './rows.js';
import { counts, promptKey, type Sequence } from './sequence.js';
import { checkTruncation, truncatePair, truncateSequence, type TruncationOptions } from './truncate.js';

/** A preference pair in token ids. */
export interface EncodedPair extends Pair<Sequence> {
  /** Index of its row, from 0. */
  readonly row: number;
  /** Summed log-probs of both sides under the reference, in nats, if they have been computed. */
  readonly reference?: Pair<number>;
  /** Weight of the loss of the pair, finite and not negative, if the rows have weights. */
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
  /** Weight of the loss of the example, finite and not negative, if the rows have weights. */
  readonly weight?: number;
}

/** A row that was dropped. */
export interface DroppedRow {
  /** Index of the row, from 0. */
  readonly row: number;
  /** Why it was dropped. */
  readonly reason: string;
}

/** Result of {@link encodePairs}. */
export interface EncodedPairs {
  /** The pairs, in the order of the rows. */
  readonly pairs: EncodedPair[];
  /** The rows that were dropped. */
  readonly dropped: DroppedRow[];
}

/** Result of {@link encodeUnpaired}. */
export interface EncodedExamples {
  /** The examples, in the order of the rows. */
  readonly examples: EncodedExample[];
  /** The rows that were dropped. */
  readonly dropped: DroppedRow[];
}

/** Options of {@link encodePairs} and {@link encodeUnpaired}. */
export interface EncodeOptions extends TruncationOptions {
  /** Assistant turns that are counted: `all`, or only the `last`. A separate `prompt` is never counted. Default `all`. */
  readonly assistantTurns?: 'all' | 'last';
  /** Whether to drop rows that are malformed or too long instead of throwing. Default false. */
  readonly dropBadRows?: boolean;
}

/**
 * Encodes preference pairs as token ids, with masks of the counted tokens.
 *
 * Messages are rendered with the tokenizer's chat template. The counted tokens of an assistant turn start after the rendering of the
 * turns before it, including the generation prompt, and end with the rendering of the turns up to and including it. Both renderings must
 * be prefixes of the rendered conversation; otherwise the mask would be wrong, and `encodePairs` throws. If prompt and completion are
 * strings, they are encoded separately, without special tokens, and the completion ends with the tokenizer's end token if it has one;
 * without a prompt, all tokens of a string are counted.
 *
 * @param rows - Rows like {@link PreferenceRow}, for example from {@link parseJsonl}.
 * @param tokenizer - See {@link TextTokenizer}, which is enough for strings, and {@link ChatTokenizer}.
 * @param options - See {@link EncodeOptions}.
 * @returns The pairs, and the dropped rows: rows that truncation leaves without a completion or without a difference between the sides
 *   and, with `dropBadRows`, malformed rows.
 * @throws RangeError if a field is missing, roles are out of order, a completion is empty, both sides are the same, the tokenizer or its
 *   template fails, a rendering is not a prefix as described above, or a row is longer than `maxLength` without `truncation`. The message
 *   names the row.
 * @throws TypeError if there are messages and the tokenizer has no chat template, or if it returns anything but token ids.
 */
export function encodePairs(rows: readonly unknown[], tokenizer: TextTokenizer | ChatTokenizer, options: EncodeOptions = {}): EncodedPairs {
  const { kept, dropped } = encodeRows('encodePairs', rows, tokenizer, options, (row, at, encode) => {
    const { chosen, rejected } = pairOfSides(at, row);
    const whole = { chosen: encode('chosen', chosen), rejected: encode('rejected', rejected) };
    const areSame = (pair: Pair<Sequence>) => pair.chosen.tokens.join() === pair.rejected.tokens.join();
    if (areSame(whole)) throw new BadRow(at, 'chosen and rejected', 'are the same');
    const pair = truncatePair(at, whole, options);
    if (!pair) return NO_COMPLETION;
    return areSame(pair) ? { reason: 'both sides are the same' } : { encoded: pair };
  });
  return { pairs: kept, dropped };
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
  const { kept, dropped } = encodeRows('encodeUnpaired', rows, tokenizer, options, (row, at, encode, i) => {
    const { side, label } = labelledSide(at, row);
    const whole = encode('completion', side);
    const prompt = promptKey(whole);
    const promptRow = firstRows.get(prompt) ?? i;
    firstRows.set(prompt, promptRow);
    const sequence = truncateSequence(at, whole, options);
    return sequence ? { encoded: { ...sequence, label, promptRow } } : NO_COMPLETION;
  });
  return { examples: kept, dropped };
}

type Encode = (name: string, side: Side) => Sequence;

/** The encoding of a row, or the reason to drop it after truncation. */
type Outcome<Encoded> = { readonly encoded: Encoded } | { readonly reason: string };
const NO_COMPLETION = { reason: 'a completion has no counted token after the first token of the row' };

function encodeRows<Encoded extends object>(
  fn: string,
  rows: readonly unknown[],
  tokenizer: TextTokenizer | ChatTokenizer,
  options: EncodeOptions,
  encodeRow: (row: unknown, at: string, encode: Encode, i: number) => Outcome<Encoded>,
): { kept: (Encoded & { row: number })[]; dropped: DroppedRow[] } {
  checkList(fn, 'rows', rows);
  checkOptions(fn, options, ['maxLength', 'truncation', 'assistantTurns', 'dropBadRows']);
  const { maxLength, assistantTurns = 'all', dropBadRows = false } = options;
  checkTruncation(fn, options);
  checkChoice(fn, 'assistantTurns', assistantTurns, ['all', 'last']);
  checkFlag(fn, 'dropBadRows', dropBadRows);
  if (typeof (tokenizer as Partial<TextTokenizer> | null | undefined)?.encode !== 'function') {
    throw new TypeError(
      `${fn}: tokenizer is ${describe(tokenizer)}, expected an object with encode, and with apply_chat_template for messages`,
    );
  }

  const kept: (Encoded & { row: number })[] = [];
  const dropped: DroppedRow[] = [];
  rows.forEach((row, i) => {
    const at = `${fn}: rows[${i}]`;
    // Both sides of a pair usually start with the same turns, which are rendered once.
    const rendered = new Map<string, readonly number[]>();
    const render: Render = (name, messages, answer) => {
      const key = JSON.stringify([answer, messages]);
      const ids = rendered.get(key) ?? applyTemplate(at, name, tokenizer, messages, answer);
      rendered.set(key, ids);
      return ids;
    };
    const encode: Encode = (name, side) => {
      const sequence =
        side.kind === 'text'
          ? encodeText(at, name, tokenizer, side)
          : encodeChat(at, name, side, assistantTurns, (messages, answer) => render(name, messages, answer));
      if (!counts(sequence)) throw new BadRow(at, name, 'has no counted token after its first token');
      return sequence;
    };
    try {
      const outcome = encodeRow(row, at, encode, i);
      if ('encoded' in outcome) kept.push({ ...outcome.encoded, row: i });
      else dropped.push({ row: i, reason: `within ${maxLength!} tokens, ${outcome.reason}` });
    } catch (error) {
      if (!(dropBadRows && error instanceof BadRow)) throw error;
      dropped.push({ row: i, reason: error.reason });
    }
  });
  return { kept, dropped };
}

type Render = (name: string, messages: readonly Message[], answer: boolean) => readonly number[];

function encodeText(at: string, name: string, tokenizer: TextTokenizer, { prompt, completion }: Side & { kind: 'text' }): Sequence {
  const encode = (text: string) =>
    idsOf(at, `${name}: the tokenizer`, `${name}: encode`, () => tokenizer.encode(text, { add_special_tokens: false }));
  const start = prompt === '' ? [] : encode(prompt);
  const end = typeof tokenizer.eos_token_id === 'number' ? [tokenizer.eos_token_id] : [];
  const answer = [...encode(completion), ...end];
  return { tokens: [...start, ...answer], mask: [...start.map(() => 0), ...answer.map(() => 1)] };
}

function encodeChat(
  at: string,
  name: string,
  { messages, promptLength }: Side & { kind: 'chat' },
  assistantTurns: 'all' | 'last',
  render: (messages: readonly Message[], answer: boolean) => readonly number[],
): Sequence {
  const tokens = render(messages, false);
  const mask = tokens.map(() => 0);
  const last = messages.length - 1;
  messages.forEach(({ role }, i) => {
    if (role !== 'assistant' || i < promptLength || (assistantTurns === 'last' && i < last)) return;
    const before = render(messages.slice(0, i), true);
    const upTo = i === last ? tokens : render(messages.slice(0, i + 1), false);
    for (const [words, part] of [
      [`messages.slice(0, ${i}) with the generation prompt`, before],
      [`messages.slice(0, ${i + 1})`, upTo],
    ] as const) {
      const differs = part.findIndex((id, t) => id !== tokens[t]);
      if (differs < 0) continue;
      throw new BadRow(
        at,
        `${name}: the chat template`,
        `does not render ${words} as the start of the whole conversation (token ${differs} differs), so the answer cannot be masked`,
      );
    }
    if (before.length >= upTo.length) throw new BadRow(at, `${name}: the chat template`, `renders no token for message ${i}`);
    mask.fill(1, before.length, upTo.length);
  });
  return { tokens, mask };
}

function applyTemplate(
  at: string,
  name: string,
  tokenizer: TextTokenizer | ChatTokenizer,
  messages: readonly Message[],
  answer: boolean,
): readonly number[] {
  if (!('apply_chat_template' in tokenizer) || typeof tokenizer.apply_chat_template !== 'function') {
    throw new TypeError(`${at}: ${name}: messages need a tokenizer with apply_chat_template`);
  }
  const options = { add_generation_prompt: answer, tokenize: true, return_tensor: false, return_dict: false } as const;
  return idsOf(at, `${name}: the chat template`, `${name}: apply_chat_template`, () =>
    tokenizer.apply_chat_template([...messages], options),
  );
}

/** Calls the tokenizer and checks that it returns token ids. */
function idsOf(at: string, subject: string, method: string, make: () => unknown): readonly number[] {
  let ids: unknown;
  try {
    ids = make();
  } catch (error) {
    throw new BadRow(at, subject, `failed: ${(error as Error).message}`, { cause: error });
  }
  if (!Array.isArray(ids)) throw new TypeError(`${at}: ${method} returned ${describe(ids)}, expected a list of token ids`);
  const odd = ids.findIndex((id) => !Number.isInteger(id));
  if (odd >= 0) throw new TypeError(`${at}: ${method} returned a list that contains ${describe(ids[odd])}, expected token ids`);
  return ids as number[];
}
