import { describe } from '../backend/describe.js';
import { checkChoice } from '../internal/checks.js';
import { checkList } from './checkList.js';
import type { ChatTokenizer, TextTokenizer } from './chatTokenizer.js';
import { blankTokens, encodeChat, endsAnswers } from './encodeChat.js';
import { encodeTexts, textEncoder, type TextEncoding } from './encodeText.js';
import { BadRow } from './badRow.js';
import { textOfContent, weightOfMessage, without, type Message, type Side } from './rows.js';
import { counts, type Sequence } from './sequence.js';
import { partAround } from './parts.js';
import { sizeCheck, type SizeOptions } from './size.js';
import { remembering, templateFields, templateOf, unreadColumns, type Template, type TemplateFields } from './template.js';
import { checkLength, type TruncationOptions } from './truncate.js';

/** How prompts and completions become tokens and masks. */
export interface SideOptions {
  /** Assistant turns that are counted: `all`, or only the `last`. A separate `prompt` is never counted. Default `all`. */
  readonly assistantTurns?: 'all' | 'last';
  /**
   * Columns whose values the chat template reads, besides `tools`, `documents` and the fields of `chat_template_kwargs`. Any other column
   * that would change the rendering of a row is an error.
   */
  readonly templateFields?: readonly string[];
  /** Whether content in parts of text is joined, or passed to the chat template in parts. Default `join`. */
  readonly textParts?: 'join' | 'keep';
  /**
   * Whether text starts with the tokenizer's start token; chat templates write their own. `auto`: the tokens that the tokenizer adds to
   * every text, unless the text has them already. Default `auto`.
   */
  readonly addBos?: 'auto' | boolean;
  /**
   * Whether an answer ends with the tokenizer's end token. `auto`: text does, if the tokenizer has an end token and the text does not end
   * with it; a conversation does if its template writes nothing after the last answer. Default `auto`.
   */
  readonly addEos?: 'auto' | boolean;
}

/** Names of the {@link SideOptions}. */
export const SIDE_OPTIONS = ['assistantTurns', 'templateFields', 'textParts', 'addBos', 'addEos'] as const;

/** Encodes the sides of a row, which have names for error messages; `at` names the row. */
export type SideEncoder = (at: string, row: object, sides: readonly (readonly [name: string, side: Side])[]) => readonly Sequence[];

/** Checks the options and returns an encoder for all rows of a call. */
export function sideEncoder(
  fn: string,
  tokenizer: TextTokenizer | ChatTokenizer,
  options: SideOptions & TruncationOptions & SizeOptions,
): SideEncoder {
  const { assistantTurns = 'all', templateFields: named = [], textParts = 'join', addBos = 'auto', addEos = 'auto' } = options;
  checkChoice(fn, 'assistantTurns', assistantTurns, ['all', 'last']);
  checkChoice(fn, 'textParts', textParts, ['join', 'keep']);
  checkList(fn, 'templateFields', named);
  for (const [name, value] of Object.entries({ addBos, addEos })) {
    if (value !== 'auto' && typeof value !== 'boolean') throw new TypeError(`${fn}: ${name} is ${describe(value)}, expected "auto", true or false`); // prettier-ignore
  }
  const checkSize = sizeCheck(fn, options);
  const texts = textEncoder(tokenizer, addBos, addEos);
  const chats = chatEncoder(tokenizer as ChatTokenizer, texts.encode, {
    assistantTurns,
    named,
    textParts,
    addEos,
    truncation: options,
    checkSize,
  });

  return (at, row, sides) => {
    const prompts = sides.map(([, side]) => side);
    const encoded = (): readonly Sequence[] => {
      if (!prompts.every((side) => side.kind === 'text')) return chats(at, row, sides);
      for (const [name, side] of sides) checkSize(at, name, side);
      return encodeTexts(at, texts, prompts[0]!.prompt, sides.map(([name], n) => [name, prompts[n]!.completion])); // prettier-ignore
    };
    const sequences = encoded();
    sides.forEach(([name], n) => {
      if (!counts(sequences[n]!)) throw new BadRow(at, name, 'has no counted token after its first token');
    });
    return sequences;
  };
}

interface ChatOptions {
  readonly assistantTurns: 'all' | 'last';
  readonly named: readonly string[];
  readonly textParts: 'join' | 'keep';
  readonly addEos: 'auto' | boolean;
  readonly truncation: TruncationOptions;
  readonly checkSize: ReturnType<typeof sizeCheck>;
}

/** What the rows of a call have shown of the chat template. */
interface Known {
  /** What the content of a message with calls must be, so that the template renders the calls. */
  emptyContent?: '' | null;
  /** Whether the template ends an answer with a token, by what the row passes to it. */
  readonly ends: Map<string, boolean>;
  /** The tokens of white space. */
  blank?: ReadonlySet<number>;
}

function chatEncoder(
  tokenizer: ChatTokenizer,
  encode: TextEncoding['encode'],
  { assistantTurns, named, textParts, addEos, truncation, checkSize }: ChatOptions,
): SideEncoder {
  const known: Known = { ends: new Map() };
  return (at, row, sides) => {
    const fields = templateFields(at, row, named);
    for (const [name, side] of sides) checkSize(at, name, side, fields);
    const unread = unreadColumns(at, row, named);
    const rendered = new Map<string, readonly number[]>();
    // Tools and documents differ in each row, but only whether there are any can change the end of an answer.
    const kind = JSON.stringify({ ...fields, tools: Boolean(fields.tools), documents: Boolean(fields.documents) });
    const conversations = sides.map(([name, side]) => {
      if (side.kind === 'text') throw new BadRow(at, name, `is a string, but ${sides.find(([, { kind }]) => kind === 'chat')![0]} is not`);
      const template = remembering(templateOf(at, name, tokenizer, fields), rendered);
      const messages = prepared(side.messages, textParts, template, known);
      const read = readColumns(unread, (values) => templateOf(at, name, tokenizer, { ...fields, ...values }), template, messages);
      if (read.length > 0) template.fail(`reads ${read.join(' and ')}; name it in templateFields, or leave it out`);
      const blank = (known.blank ??= blankTokens(tokenizer));
      const ends = known.ends.get(kind) ?? endsAnswers(template, messages, blank, (text) => encode(at, name, text));
      known.ends.set(kind, ends);
      const needsEnd = addEos === true || (addEos === 'auto' && !ends);
      const tokens = template.render(messages, false);
      const end = needsEnd ? endToken(at, tokenizer, tokens, blank) : [];
      return { template, messages, length: tokens.length + end.length, parts: { factors: factorsOf(side, assistantTurns), end } };
    });
    // Before the answers are looked for, which takes longer than all else.
    checkLength(at, conversations.map(({ length }) => length), truncation); // prettier-ignore
    return conversations.map(({ template, messages, parts }) => encodeChat(template, messages, parts));
  };
}

/** The weights of the messages: 0 for those of the prompt, of other roles, and that are not to be trained. */
const factorsOf = ({ messages, promptLength }: Side & { kind: 'chat' }, assistantTurns: 'all' | 'last'): readonly number[] =>
  messages.map((message, i) => {
    const counts = message.role === 'assistant' && i >= promptLength && (assistantTurns === 'all' || i === messages.length - 1);
    return counts ? weightOfMessage(message) : 0;
  });

/** The tokenizer's end token, unless the tokens end with it and white space. */
function endToken(at: string, tokenizer: ChatTokenizer, tokens: readonly number[], blank: ReadonlySet<number>): readonly number[] {
  const id = tokenizer.eos_token_id;
  if (typeof id !== 'number') {
    throw new BadRow(at, 'the last answer', 'ends with no token, and the tokenizer has no eos_token_id; set addEos to false to allow that');
  }
  const last = tokens.filter((token) => token === id || !blank.has(token)).at(-1);
  return last === id ? [] : [id];
}

/** The columns that change what is rendered, the generation prompt included: each of them, or only all of them together. */
function readColumns(
  columns: TemplateFields,
  templateWith: (values: TemplateFields) => Template,
  template: Template,
  messages: readonly Message[],
): readonly string[] {
  const names = Object.keys(columns);
  if (names.length === 0) return [];
  const textOf = ({ render }: Template) => `${render(messages, false).join()} ${render(messages.slice(0, -1), true).join()}`;
  const usual = textOf(template);
  if (textOf(templateWith(columns)) === usual) return [];
  const alone = names.filter((name) => textOf(templateWith({ [name]: columns[name] })) !== usual);
  return alone.length > 0 ? alone : names;
}

/** The messages as the template gets them: without our own fields, and with content that it can render. */
function prepared(messages: readonly Message[], textParts: 'join' | 'keep', template: Template, known: Known): readonly Message[] {
  if (messages.some(isCallAlone)) known.emptyContent ??= emptyContent(messages, textParts, template);
  const plain = messages.map((message) => plainMessage(message, textParts, known.emptyContent));
  plain.forEach((message, i) => {
    if (message.role !== 'assistant') return;
    const calls = Boolean(message.tool_calls?.length);
    if (!calls && textOfContent(message.content) !== '') return;
    const { messages: part, answer } = partAround(plain, i);
    const { role, content } = message;
    const less = calls ? (without(message, ['tool_calls']) as unknown as Message) : { role, content };
    const other = part.map((same, n) => (n === answer ? less : same));
    if (!isRendered(template, part, other)) template.fail(`does not render ${calls ? 'the tool_calls' : 'what there is'} of message ${i}`);
  });
  return plain;
}

const isCallAlone = ({ content, tool_calls: calls }: Message): boolean => (calls?.length ?? 0) > 0 && (content ?? '') === '';

function plainMessage(message: Message, textParts: 'join' | 'keep', empty: '' | null | undefined): Message {
  const others = without(message, ['train', 'weight']) as unknown as Message;
  if (isCallAlone(message)) return { ...others, content: empty };
  if (!Array.isArray(message.content) || textParts === 'keep') return { ...others, content: message.content ?? '' };
  return { ...others, content: textOfContent(message.content) };
}

/** The empty content with which the template renders calls: some templates render them only if there is no content at all. */
function emptyContent(messages: readonly Message[], textParts: 'join' | 'keep', template: Template): '' | null {
  const plain = (empty: '' | null, hasCalls: boolean) =>
    messages.map((message) => plainMessage(isCallAlone(message) && !hasCalls ? { ...message, tool_calls: [] } : message, textParts, empty));
  const content = (['', null] as const).find((empty) => isRendered(template, plain(empty, true), plain(empty, false)));
  return content === undefined ? template.fail('does not render tool_calls') : content;
}

/** Whether the template renders something that only the first conversation has. It may refuse the second. */
function isRendered(template: Template, messages: readonly Message[], others: readonly Message[]): boolean {
  const [whole, other] = [messages, others].map((conversation) => {
    try {
      return template.render(conversation, false).join();
    } catch (error) {
      if (error instanceof BadRow) return undefined;
      throw error;
    }
  });
  return whole !== undefined && whole !== other;
}
