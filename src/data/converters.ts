import { describe } from '../backend/describe.js';
import { promptedRow, type PromptedRow } from './extractPrompt.js';
import { BadRow } from './badRow.js';
import { reading } from './columns.js';
import { isMissing, isObject, jsonOf, type Message, type PreferenceRow } from './rows.js';

/**
 * Converts a preference row whose sides are whole conversations and whose prompt is text, as in `ultrafeedback_binarized`: the prompt is
 * the text of a message that both sides share. The result has the messages that the sides share as its prompt.
 *
 * @param row - A row with `chosen` and `rejected` in messages.
 * @returns The row with `prompt`, `chosen` and `rejected` in messages; other fields are unchanged.
 * @throws RangeError if the sides are no conversations, the prompt is not the text of one of the messages that they share, or one side
 *   begins with the other.
 *
 * @example
 * ```ts
 * import { fromConversations } from 'prefloss';
 * const side = (content: string) => [{ role: 'user', content: 'Is it?' }, { role: 'assistant', content }];
 * const { prompt } = fromConversations({ prompt: 'Is it?', chosen: side('Yes.'), rejected: side('No.') });
 * console.log(JSON.stringify(prompt)); // [{"role":"user","content":"Is it?"}]
 * ```
 */
export function fromConversations<Row extends object>(row: Row): Omit<Row, keyof PromptedRow> & PromptedRow {
  const at = 'fromConversations: row';
  if (!isObject(row)) throw new BadRow(at, '', `is ${describe(row)}, expected { chosen, rejected }`);
  const { prompt: text, ...others } = reading(at, (): Readonly<Record<string, unknown>> => ({ ...row }));
  const result = promptedRow(at, others as unknown as PreferenceRow);
  const shared = result.prompt;
  if (typeof shared === 'string') throw new BadRow(at, 'chosen', 'is a string, expected a list of messages');
  if (!isMissing(text) && !shared.some(({ content }) => content === text)) {
    throw new BadRow(at, 'prompt', 'is not the text of a message that both sides share');
  }
  return result as unknown as Omit<Row, keyof PromptedRow> & PromptedRow;
}

/** Names of roles in data sets like ShareGPT. Others stay as they are. */
const ROLES: Readonly<Record<string, string>> = {
  human: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  observation: 'tool',
  function_response: 'tool',
};

/**
 * Converts a row of a data set like ShareGPT, with messages `{ from, value }`: `from` becomes `role` (`human` is `user`, `gpt` is
 * `assistant`), and `value` becomes `content`. The value of a `function_call`, in JSON, becomes `tool_calls` of the assistant. A column
 * `conversations` becomes the prompt of a preference row, or the completion of any other row; a column `system` of text becomes its first
 * message.
 *
 * @param row - A row whose columns hold messages `{ from, value }` or lists of them; other columns are unchanged.
 * @returns The row in messages `{ role, content }`.
 * @throws RangeError if the row is no object, or a message is malformed.
 *
 * @example
 * ```ts
 * import { fromShareGpt } from 'prefloss';
 * const row = fromShareGpt({
 *   conversations: [{ from: 'human', value: 'Is it?' }],
 *   chosen: { from: 'gpt', value: 'Yes.' },
 *   rejected: { from: 'gpt', value: 'No.' },
 * });
 * console.log(JSON.stringify(row.prompt)); // [{"role":"user","content":"Is it?"}]
 * ```
 */
export function fromShareGpt(row: object): Record<string, unknown> {
  const at = 'fromShareGpt: row';
  if (!isObject(row)) throw new BadRow(at, '', `is ${describe(row)}, expected an object`);
  return reading(at, () => fromColumns(at, row));
}

function fromColumns(at: string, row: object): Record<string, unknown> {
  const { system, ...columns } = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, converted(at, name, value)]));
  const { conversations, ...others } = columns;
  const start: readonly Message[] = typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }] : [];
  const place = 'chosen' in others ? 'prompt' : 'completion';
  if (conversations !== undefined && !isMissing(others[place])) {
    throw new BadRow(at, '', `has both conversations and ${place}, expected one of them`);
  }
  const first = conversations === undefined && place === 'prompt' ? others.prompt : conversations;
  if (!Array.isArray(first)) {
    if (start.length > 0) throw new BadRow(at, 'system', 'has no conversation that it starts');
    return others;
  }
  return { ...others, [place]: [...start, ...(first as readonly Message[])] };
}

/** The value with its messages converted, if it holds any. */
function converted(at: string, name: string, value: unknown): unknown {
  const isMessage = (item: unknown): item is Readonly<Record<string, unknown>> => isObject(item) && 'from' in item;
  const message = (item: Readonly<Record<string, unknown>>, n: number): Message => {
    const { from, value: content, ...fields } = item;
    if (typeof from !== 'string') throw new BadRow(at, `${name}[${n}].from`, `is ${describe(from)}, expected a string`);
    if (typeof content !== 'string') throw new BadRow(at, `${name}[${n}].value`, `is ${describe(content)}, expected a string`);
    if (from === 'function_call')
      return { ...fields, role: 'assistant', content: '', tool_calls: callsOf(at, `${name}[${n}].value`, content) };
    return { ...fields, role: Object.hasOwn(ROLES, from) ? ROLES[from]! : from, content };
  };
  if (isMessage(value)) return [message(value, 0)];
  if (!Array.isArray(value)) return value;
  // The methods of lists would visit every hole.
  for (let n = 0; n < value.length; n++) if (!(n in value)) throw new BadRow(at, `${name}[${n}]`, 'is missing');
  if (!value.some(isMessage)) return value;
  return (value as readonly unknown[]).map((item, n) => {
    if (!isMessage(item)) throw new BadRow(at, `${name}[${n}]`, `is ${describe(item)}, expected { from, value }`);
    return message(item, n);
  });
}

/** The calls in the text of a message, one or a list of them: `{ name, arguments }` in JSON. */
function callsOf(at: string, name: string, text: string): readonly object[] {
  const value = jsonOf(at, name, text, 'is not JSON');
  return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map((call) => {
    if (!isObject(call) || typeof call.name !== 'string') throw new BadRow(at, name, `is ${describe(call)}, expected { name, arguments }`);
    return { type: 'function', function: call };
  });
}
