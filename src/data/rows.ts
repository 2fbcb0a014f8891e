import { describe, numberIn, reasonOf } from '../backend/describe.js';
import type { Pair } from '../logprobs/pairs.js';
import { BadRow } from './badRow.js';
import { columnsOf } from './columns.js';

/** A part of a message. Only parts of type `text` can be encoded. */
export interface ContentPart {
  /** `text`. */
  readonly type: string;
  /** The text. */
  readonly text?: string;
}

/** One turn of a conversation. Any other fields are passed to the chat template. */
export interface Message {
  /** `user`, `assistant` or any other role that the chat template knows, such as `system`, `developer` or `tool`. */
  readonly role: string;
  /** Text of the message, as a string or in parts. It may be missing next to `tool_calls` or reasoning. */
  readonly content?: string | readonly ContentPart[] | null | undefined;
  /** Calls of tools, for the chat template. */
  readonly tool_calls?: readonly unknown[] | null | undefined;
  /** Whether a turn of the assistant counts. Default true. */
  readonly train?: boolean | null | undefined;
  /** Weight of the tokens of a turn of the assistant, finite and not negative; at 0, the turn does not count. Default 1. */
  readonly weight?: number | null | undefined;
}

/** A prompt or a side of a row: text, messages, or a single message. */
export type Turns = string | readonly Message[] | Message;

/**
 * A preference pair of a data set, as strings or as messages. With a `prompt`, the sides are completions of it. Without a `prompt`, each
 * side is a whole text or conversation, and {@link extractPrompt} can split off the prompt that they share.
 */
export interface PreferenceRow {
  /** The prompt that both sides answer. */
  readonly prompt?: Turns | null | undefined;
  /** The preferred side. */
  readonly chosen: Turns;
  /** The other side. */
  readonly rejected: Turns;
}

/** An unpaired example of a data set, for losses like KTO. */
export interface UnpairedRow {
  /** The prompt. If omitted, `completion` is a whole text or conversation. */
  readonly prompt?: Turns | null | undefined;
  /** The completion. */
  readonly completion: Turns;
  /** Whether it is desirable: true or false, or 1 or 0. */
  readonly label: boolean | 0 | 1;
}

/** A side with its prompt: two strings, or the messages of one conversation. */
export type Side =
  | { readonly kind: 'text'; readonly prompt: string; readonly completion: string }
  | { readonly kind: 'chat'; readonly messages: readonly Message[]; readonly promptLength: number };

/** Whether a value is an object but no list. An object that cannot be read, such as a revoked proxy, is none. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  try {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Whether a field has no value: data sets often have null for a missing one. */
export const isMissing = (value: unknown): value is null | undefined => value === undefined || value === null;

/** Parses the JSON in a part of a row, which `subject` names; `predicate` says what is wrong if it is none. */
export function jsonOf(at: string, subject: string, text: string, predicate: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadRow(at, subject, `${predicate}: ${reasonOf(error)}`, { cause: error });
  }
}

/** A record without some of its fields. */
export const without = (record: object, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));

/**
 * Returns both sides of a preference row, copied. It checks the fields and their types, and that no completion is empty; `at` starts
 * error messages.
 */
export function pairOfSides(at: string, row: unknown): Pair<Side> {
  const { prompt, chosen, rejected } = fieldsOf(at, row, ['chosen', 'rejected']);
  return { chosen: sideOf(at, 'chosen', prompt, chosen), rejected: sideOf(at, 'rejected', prompt, rejected) };
}

/** Returns the completion of an unpaired row with the same checks, and its label. */
export function labelledSide(at: string, row: unknown): { readonly side: Side; readonly label: boolean } {
  const { prompt, completion, label } = fieldsOf(at, row, ['completion', 'label']);
  const side = sideOf(at, 'completion', prompt, completion);
  if (typeof label === 'boolean') return { side, label };
  if (label === 0 || label === 1) return { side, label: label === 1 };
  throw new BadRow(at, 'label', `is ${describe(label)}, expected true or false`);
}

/** The weight of a row, if it has one. */
export function weightOfRow(at: string, row: object): { weight?: number } {
  const { weight } = columnsOf(at, row, ['weight']);
  return isMissing(weight) ? {} : { weight: checkWeight(at, 'weight', weight) };
}

/** The factor of the tokens of a message: 0 if it does not count. */
export const weightOfMessage = ({ train, weight }: Message): number => (train === false ? 0 : (weight ?? 1));

/** The messages of a prompt or of a side that is not text. */
export const turnsOf = (value: readonly Message[] | Message): readonly Message[] =>
  Array.isArray(value) ? (value as readonly Message[]) : [value as Message];

/** The prompt and the fields of a row, which must have the fields. */
function fieldsOf(at: string, row: unknown, fields: readonly string[]): Readonly<Record<string, unknown>> {
  const expected = `expected { ${fields.join(', ')} }`;
  if (!isObject(row)) throw new BadRow(at, '', `is ${describe(row)}, ${expected}`);
  const columns = columnsOf(at, row, ['prompt', ...fields]);
  const missing = fields.find((field) => columns[field] === undefined);
  if (missing === undefined) return columns;
  const hint = Array.isArray(columnsOf(at, row, ['conversations']).conversations) ? '; rows of ShareGPT go through fromShareGpt' : '';
  throw new BadRow(at, '', `lacks ${missing}, ${expected}${hint}`);
}

const CONVERSATIONS = 'is a whole conversation but prompt is a string; rows of whole conversations go through fromConversations';

function sideOf(at: string, name: string, givenPrompt: unknown, value: unknown): Side {
  const prompt = givenPrompt ?? undefined;
  if (typeof value === 'string') {
    if (prompt !== undefined && typeof prompt !== 'string') throw new BadRow(at, name, 'is a string but prompt is not');
    if (value.trim() === '') throw new BadRow(at, name, 'is empty');
    return { kind: 'text', prompt: prompt ?? '', completion: value };
  }
  if (!Array.isArray(value) && !isObject(value)) {
    throw new BadRow(at, name, `is ${describe(value)}, expected a string or a list of messages`);
  }
  const turns: readonly unknown[] = turnsOf(value as unknown as Message);
  if (turns.length === 0) throw new BadRow(at, name, 'is empty');
  if (typeof prompt === 'string') {
    throw new BadRow(at, name, turns.length > 1 ? CONVERSATIONS : 'is a list of messages but prompt is not');
  }
  if (prompt !== undefined && !Array.isArray(prompt) && !isObject(prompt)) {
    throw new BadRow(at, 'prompt', `is ${describe(prompt)}, expected a string or a list of messages`);
  }
  const start: readonly unknown[] = prompt === undefined ? [] : turnsOf(prompt as unknown as Message);
  const nameOf = (i: number): string => (i < start.length ? `prompt[${i}]` : `${name}[${i - start.length}]`);
  const messages = [...start, ...turns].map((message, i) => messageOf(at, nameOf(i), message));
  const last = messages.at(-1)!;
  const end = `${nameOf(messages.length - 1)}, the last message,`;
  if (last.role !== 'assistant') throw new BadRow(at, end, `has role ${last.role}, expected assistant`);
  if (isEmpty(last)) throw new BadRow(at, end, 'is empty');
  return { kind: 'chat', messages, promptLength: start.length };
}

const OWN_FIELDS = ['role', 'content', 'train', 'weight'];
const isSomething = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));

/** Whether a message has neither text nor anything else that a template could render as an answer. */
const isEmpty = (message: Message): boolean =>
  textOfContent(message.content).trim() === '' && !Object.values(without(message, OWN_FIELDS)).some(isSomething);

/** The text of a message. */
export const textOfContent = (content: Message['content']): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join('');

/** Returns the message, if it is one. */
function messageOf(at: string, name: string, message: unknown): Message {
  if (!isObject(message)) throw new BadRow(at, name, `is ${describe(message)}, expected { role, content }`);
  const { role, content, train, weight } = message;
  if (role === undefined && typeof message.from === 'string') {
    throw new BadRow(at, name, 'has from and value; rows of ShareGPT go through fromShareGpt');
  }
  if (typeof role !== 'string' || role === '') throw new BadRow(at, `${name}.role`, `is ${describe(role)}, expected a role such as user or assistant`); // prettier-ignore
  const saysMore = role === 'assistant' && Object.values(without(message, OWN_FIELDS)).some(isSomething);
  checkContent(at, `${name}.content`, content, saysMore);
  if (!isMissing(train) && typeof train !== 'boolean') {
    throw new BadRow(at, `${name}.train`, `is ${describe(train)}, expected true or false`);
  }
  if (!isMissing(weight)) checkWeight(at, `${name}.weight`, weight);
  const counts = train === true || (typeof weight === 'number' && weight > 0);
  if (counts && role !== 'assistant') throw new BadRow(at, name, `has role ${role}, but only turns of the assistant can count`);
  return message as unknown as Message;
}

function checkContent(at: string, name: string, content: unknown, mayBeMissing: boolean): void {
  if (typeof content === 'string') return;
  if (Array.isArray(content)) {
    content.forEach((part: unknown, n) => {
      if (!isObject(part)) throw new BadRow(at, `${name}[${n}]`, `is ${describe(part)}, expected { type, text }`);
      if (part.type !== 'text') throw new BadRow(at, `${name}[${n}]`, `has type ${describe(part.type)}, but only text can be encoded`);
      if (typeof part.text !== 'string') throw new BadRow(at, `${name}[${n}].text`, `is ${describe(part.text)}, expected a string`);
    });
  } else if (!mayBeMissing || !isMissing(content)) {
    throw new BadRow(at, name, `is ${describe(content)}, expected a string`);
  }
}

function checkWeight(at: string, name: string, weight: unknown): number {
  if (typeof weight === 'number' && weight >= 0 && weight < Infinity) return weight;
  throw new BadRow(at, name, `is ${numberIn(weight)}, expected a finite number >= 0`);
}
