import { describe } from '../backend/registry.js';
import type { Pair } from '../logprobs/pairs.js';

/** One turn of a conversation. Any other fields are passed to the chat template. */
export interface Message {
  /** `system` (only as the first message), `user`, `assistant` or `tool`. */
  readonly role: string;
  /** Text of the message. */
  readonly content: string;
}

/**
 * A preference pair of a data set, as strings or as messages. With a `prompt`, the sides are completions of it. Without a `prompt`, each
 * side is a whole text or conversation, and {@link extractPrompt} can split off the prompt that they share.
 */
export interface PreferenceRow {
  /** The prompt that both sides answer, a string or messages. */
  readonly prompt?: string | readonly Message[] | undefined;
  /** The preferred side. */
  readonly chosen: string | readonly Message[];
  /** The other side. */
  readonly rejected: string | readonly Message[];
}

/** An unpaired example of a data set, for losses like KTO. */
export interface UnpairedRow {
  /** The prompt. If omitted, `completion` is a whole text or conversation. */
  readonly prompt?: string | readonly Message[] | undefined;
  /** The completion. */
  readonly completion: string | readonly Message[];
  /** Whether it is desirable. */
  readonly label: boolean;
}

/** An error in one row. With `dropBadRows`, the row is dropped instead. */
export class BadRow extends RangeError {
  readonly #reason: string;

  /**
   * @param at - Function and row, for example `encodePairs: rows[3]`.
   * @param subject - Subject of the message: a part of the row, or empty for the row itself.
   * @param predicate - Predicate of the message.
   */
  constructor(at: string, subject: string, predicate: string, options?: ErrorOptions) {
    super(subject === '' ? `${at} ${predicate}` : `${at}: ${subject} ${predicate}`, options);
    this.#reason = subject === '' ? predicate : `${subject} ${predicate}`;
  }

  /** The message without the function and the row. */
  get reason(): string {
    return this.#reason;
  }
}

/** A side with its prompt: two strings, or the messages of one conversation. */
export type Side =
  | { readonly kind: 'text'; readonly prompt: string; readonly completion: string }
  | { readonly kind: 'chat'; readonly messages: readonly Message[]; readonly promptLength: number };

/** Per role, the roles it may follow; `undefined` is the start of the conversation. */
const AFTER: Readonly<Record<string, readonly (string | undefined)[]>> = {
  system: [undefined],
  user: [undefined, 'system', 'assistant'],
  assistant: ['user', 'tool'],
  tool: ['assistant', 'tool'],
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

/**
 * Returns both sides of a preference row. It checks the fields, types and roles, and that no completion is empty; `at` starts error
 * messages.
 */
export function pairOfSides(at: string, row: unknown): Pair<Side> {
  const { prompt, chosen, rejected } = fieldsOf(at, row, ['chosen', 'rejected']);
  return { chosen: sideOf(at, 'chosen', prompt, chosen), rejected: sideOf(at, 'rejected', prompt, rejected) };
}

/** Returns the completion of an unpaired row with the same checks, and its label. */
export function labelledSide(at: string, row: unknown): { readonly side: Side; readonly label: boolean } {
  const { prompt, completion, label } = fieldsOf(at, row, ['completion', 'label']);
  const side = sideOf(at, 'completion', prompt, completion);
  if (typeof label !== 'boolean') throw new BadRow(at, 'label', `is ${describe(label)}, expected true or false`);
  return { side, label };
}

/** The row, if it has the fields. */
function fieldsOf(at: string, row: unknown, fields: readonly string[]): Readonly<Record<string, unknown>> {
  const expected = `expected { ${fields.join(', ')} }`;
  if (!isObject(row)) throw new BadRow(at, '', `is ${describe(row)}, ${expected}`);
  const missing = fields.find((field) => row[field] === undefined);
  if (missing !== undefined) throw new BadRow(at, '', `lacks ${missing}, ${expected}`);
  return row;
}

function sideOf(at: string, name: string, givenPrompt: unknown, value: unknown): Side {
  // Data sets often have null for a missing prompt.
  const prompt = givenPrompt ?? undefined;
  if (typeof value === 'string') {
    if (prompt !== undefined && typeof prompt !== 'string') throw new BadRow(at, name, 'is a string but prompt is not');
    if (value.trim() === '') throw new BadRow(at, name, 'is empty');
    return { kind: 'text', prompt: prompt ?? '', completion: value };
  }
  if (!Array.isArray(value)) throw new BadRow(at, name, `is ${describe(value)}, expected a string or a list of messages`);
  if (prompt !== undefined && !Array.isArray(prompt)) throw new BadRow(at, name, 'is a list of messages but prompt is not');
  if (value.length === 0) throw new BadRow(at, name, 'is empty');
  const start = (prompt ?? []) as readonly unknown[];
  const messages = [...start, ...(value as readonly unknown[])];
  const nameOf = (i: number): string => (i < start.length ? `prompt[${i}]` : `${name}[${i - start.length}]`);
  messages.forEach((message, i) => {
    checkMessage(at, nameOf(i), message, messages[i - 1]);
  });
  const last = messages.at(-1) as Message;
  const end = `${nameOf(messages.length - 1)}, the last message,`;
  if (last.role !== 'assistant') throw new BadRow(at, end, `has role ${last.role}, expected assistant`);
  if (last.content.trim() === '') throw new BadRow(at, end, 'is empty');
  return { kind: 'chat', messages: messages as Message[], promptLength: start.length };
}

function checkMessage(at: string, name: string, message: unknown, before: unknown): void {
  if (!isObject(message)) throw new BadRow(at, name, `is ${describe(message)}, expected { role, content }`);
  const { role, content } = message;
  if (typeof content !== 'string') throw new BadRow(at, `${name}.content`, `is ${describe(content)}, expected a string`);
  const follows = typeof role === 'string' && Object.hasOwn(AFTER, role) ? AFTER[role]! : undefined;
  if (!follows) throw new BadRow(at, `${name}.role`, `is ${describe(role)}, expected ${Object.keys(AFTER).join(', ')}`);
  const previous = (before as Message | undefined)?.role;
  if (follows.includes(previous)) return;
  throw new BadRow(at, name, `has role ${role as string}, which cannot ${previous === undefined ? 'come first' : `follow ${previous}`}`);
}
