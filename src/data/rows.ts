import { describe } from '../backend/registry.js';

/** One turn of a conversation. Fields beyond these two go to the chat template as they are. */
export interface Message {
  /** `system` (first only), `user`, `assistant` or `tool`. */
  readonly role: string;
  /** What is said. */
  readonly content: string;
}

/**
 * A preference pair as data sets have it: in text, or in messages. With a `prompt` the sides are completions of it. Without, they
 * are whole conversations (`preference_chat`); {@link extractPrompt} finds what they share.
 */
export interface PreferenceRow {
  /** What both sides answer: a text, or messages that end with the user's. */
  readonly prompt?: string | readonly Message[] | undefined;
  /** The preferred side. */
  readonly chosen: string | readonly Message[];
  /** The other side. */
  readonly rejected: string | readonly Message[];
}

/** An example that was judged by itself, as KTO takes it. */
export interface UnpairedRow {
  /** What is answered; left out, the completion is a whole conversation. */
  readonly prompt?: string | readonly Message[] | undefined;
  /** The answer. */
  readonly completion: string | readonly Message[];
  /** Whether it is desirable. */
  readonly label: boolean;
}

/** An error in one row of data, which a caller may want to leave out. */
export class BadRow extends RangeError {
  readonly #reason: string;

  /**
   * @param at - Which row it is: function and place.
   * @param subject - What of the row is wrong; empty for the row itself.
   * @param predicate - What is wrong with it.
   */
  constructor(at: string, subject: string, predicate: string, options?: ErrorOptions) {
    super(subject === '' ? `${at} ${predicate}` : `${at}: ${subject} ${predicate}`, options);
    this.#reason = subject === '' ? predicate : `${subject} ${predicate}`;
  }

  /** What is wrong, without saying which row it is. */
  get reason(): string {
    return this.#reason;
  }
}

/** A side with the prompt in front of it: two texts, or the messages of one conversation. */
export type Side =
  | { readonly kind: 'text'; readonly prompt: string; readonly completion: string }
  | { readonly kind: 'chat'; readonly messages: readonly Message[]; readonly promptLength: number };

/** Roles that a turn may follow; `undefined` is the beginning. */
const AFTER: Readonly<Record<string, readonly (string | undefined)[]>> = {
  system: [undefined],
  user: [undefined, 'system', 'assistant'],
  assistant: ['user', 'tool'],
  tool: ['assistant', 'tool'],
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

/** The named sides of a row, checked: fields, kinds, roles, and that no completion is empty. `at` says which row it is. */
export function sidesOf(at: string, row: unknown, names: readonly string[]): Side[] {
  if (!isObject(row)) throw new BadRow(at, '', `is ${describe(row)}, expected { ${names.join(', ')} }`);
  for (const name of names) {
    if (row[name] === undefined) throw new BadRow(at, '', `lacks ${name}, expected { ${names.join(', ')} }`);
  }
  return names.map((name) => sideOf(at, name, row.prompt ?? undefined, row[name]));
}

function sideOf(at: string, name: string, prompt: unknown, value: unknown): Side {
  if (typeof value === 'string') {
    if (prompt !== undefined && typeof prompt !== 'string') throw new BadRow(at, name, 'is a text and prompt is not');
    if (value.trim() === '') throw new BadRow(at, name, 'is empty');
    return { kind: 'text', prompt: prompt ?? '', completion: value };
  }
  if (!Array.isArray(value)) throw new BadRow(at, name, `is ${describe(value)}, expected a text or a list of messages`);
  if (prompt !== undefined && !Array.isArray(prompt)) throw new BadRow(at, name, 'is a list of messages and prompt is not');
  if (value.length === 0) throw new BadRow(at, name, 'is empty');
  const start = (prompt ?? []) as readonly unknown[];
  const messages = [...start, ...(value as readonly unknown[])];
  const nameOf = (i: number): string => (i < start.length ? `prompt[${i}]` : `${name}[${i - start.length}]`);
  messages.forEach((message, i) => {
    checkMessage(at, nameOf(i), message, messages[i - 1]);
  });
  const last = messages.at(-1) as Message;
  const end = `${nameOf(messages.length - 1)}, the last message,`;
  if (last.role !== 'assistant') throw new BadRow(at, end, `is of the ${last.role}, expected assistant`);
  if (last.content.trim() === '') throw new BadRow(at, end, 'is empty');
  return { kind: 'chat', messages: messages as Message[], promptLength: start.length };
}

function checkMessage(at: string, name: string, message: unknown, before: unknown): void {
  if (!isObject(message)) throw new BadRow(at, name, `is ${describe(message)}, expected { role, content }`);
  const { role, content } = message;
  if (typeof content !== 'string') throw new BadRow(at, `${name}.content`, `is ${describe(content)}, expected a text`);
  const follows = typeof role === 'string' && Object.hasOwn(AFTER, role) ? AFTER[role]! : undefined;
  if (!follows) throw new BadRow(at, `${name}.role`, `is ${describe(role)}, expected ${Object.keys(AFTER).join(', ')}`);
  const previous = (before as Message | undefined)?.role;
  if (follows.includes(previous)) return;
  throw new BadRow(at, name, `is of the ${role as string} ${previous === undefined ? 'and comes first' : `and follows the ${previous}`}`);
}
