import { describe } from '../backend/describe.js';
import { BadRow } from './badRow.js';
import type { ChatTokenizer, TemplateMessage, TextTokenizer } from './chatTokenizer.js';
import { columnsOf, namesOf } from './columns.js';
import { isMissing, isObject, jsonOf, type Message } from './rows.js';
import { callOf, idsOf, type Span } from './tokenIds.js';

/** The chat template of a tokenizer, for one side of one row. */
export interface Template {
  /** Token ids of messages; with `answer`, followed by the generation prompt. */
  readonly render: (messages: readonly Message[], answer: boolean) => readonly number[];
  /** Spans of `{% generation %}` blocks in the rendered messages; undefined if the tokenizer reports none. */
  readonly marked: (messages: readonly Message[]) => readonly Span[] | undefined;
  /** Throws an error whose subject is the chat template. */
  readonly fail: (predicate: string) => never;
}

/** Values that a row passes to its chat template. */
export type TemplateFields = Readonly<Record<string, unknown>>;

/** The columns that {@link templateFields} always reads. */
const USUAL = ['tools', 'documents', 'chat_template_kwargs'] as const;
/** Columns that the data functions read themselves. */
const OWN = ['prompt', 'chosen', 'rejected', 'completion', 'label', 'weight', 'row'];
/** Names that mean something else to `apply_chat_template` or in a template. */
// prettier-ignore
const TAKEN = [
  'messages', 'add_generation_prompt', 'tokenize', 'return_tensor', 'return_dict', 'padding', 'truncation', 'max_length', 'chat_template',
  'tokenizer_kwargs', 'bos_token', 'eos_token', 'pad_token', 'range', 'namespace', 'raise_exception', 'strftime_now',
];

const NO_JSON = 'is a string that is not JSON';

/** The values that a row passes to its chat template: the usual columns and those named. Text in JSON is parsed. */
export function templateFields(at: string, row: object, named: readonly string[]): TemplateFields {
  const columns = columnsOf(at, row, [...USUAL, ...named]);
  for (const name of ['tools', 'chat_template_kwargs']) {
    const text = columns[name];
    if (typeof text === 'string') Object.assign(columns, columnsOf(at, { [name]: jsonOf(at, name, text, NO_JSON) }, [name]));
  }
  const { chat_template_kwargs: others, ...fields } = columns;
  const more = others ?? {};
  if (!isObject(more)) throw new BadRow(at, 'chat_template_kwargs', `is ${describe(more)}, expected an object`);
  return { ...present(fields), ...more };
}

/** The columns of a row that nothing reads, but that a chat template might. It cannot read what JSON does not hold, such as a Date. */
export function unreadColumns(at: string, row: object, named: readonly string[]): TemplateFields {
  const read = new Set<string>([...USUAL, ...OWN, ...TAKEN, ...named]);
  const names = namesOf(at, row).filter((name) => !read.has(name));
  return present(columnsOf(at, row, names, 'omit'));
}

const present = (columns: TemplateFields): TemplateFields =>
  Object.fromEntries(Object.entries(columns).filter(([, value]) => !isMissing(value)));

/** The chat template of a tokenizer for one side of a row. `at` and `name` name row and side in errors. */
export function templateOf(at: string, name: string, tokenizer: TextTokenizer | ChatTokenizer, fields: TemplateFields): Template {
  const chat = chatOf(at, name, tokenizer);
  const call = (method: 'apply_chat_template' | 'generation_spans', messages: readonly Message[], answer: boolean): unknown =>
    chat[method]!([...messages] as TemplateMessage[], {
      ...fields,
      add_generation_prompt: answer,
      tokenize: true,
      return_tensor: false,
      return_dict: false,
    });
  const subject = `${name}: the chat template`;
  return {
    render: (messages, answer) => idsOf(at, subject, `${name}: apply_chat_template`, () => call('apply_chat_template', messages, answer)),
    marked: (messages) =>
      callOf(at, subject, () =>
        chat.generation_spans ? (call('generation_spans', messages, false) as readonly Span[] | undefined) : undefined,
      ),
    fail: (predicate) => {
      throw new BadRow(at, subject, predicate);
    },
  };
}

/** How many renderings a template keeps: all that a conversation of usual length needs, but memory stays linear in its length. */
const KEPT = 64;

/** A template that keeps what it has rendered last: the sides of a pair usually start with the same turns. */
export function remembering(template: Template, rendered: Map<string, readonly number[]>): Template {
  let marks: { readonly of: readonly Message[]; readonly spans: readonly Span[] | undefined } | undefined;
  return {
    ...template,
    render: (messages, answer) => {
      const key = JSON.stringify([answer, messages]);
      const ids = rendered.get(key) ?? template.render(messages, answer);
      // A map keeps the order in which keys were added: that used the longest ago comes first.
      rendered.delete(key);
      rendered.set(key, ids);
      if (rendered.size > KEPT) rendered.delete(rendered.keys().next().value!);
      return ids;
    },
    marked: (messages) => {
      if (marks?.of !== messages) marks = { of: messages, spans: template.marked(messages) };
      return marks.spans;
    },
  };
}

function chatOf(at: string, name: string, tokenizer: TextTokenizer | ChatTokenizer): ChatTokenizer {
  if ('apply_chat_template' in tokenizer && typeof tokenizer.apply_chat_template === 'function') return tokenizer;
  throw new TypeError(`${at}: ${name}: messages need a tokenizer with apply_chat_template`);
}
