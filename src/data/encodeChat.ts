import { spanOfAnswer, textSpan } from './answers.js';
import type { ChatTokenizer } from './chatTokenizer.js';
import type { Adding } from './encodeText.js';
import { weightOfMessage, type Message } from './rows.js';
import type { Sequence } from './sequence.js';
import type { Span, Template } from './template.js';

/** What to count in a conversation. */
export interface Counted {
  /** Number of messages at the start that do not count. */
  readonly promptLength: number;
  /** Which turns of the assistant count. */
  readonly assistantTurns: 'all' | 'last';
}

/** Encodes a conversation, counting turns of the assistant. `end` is appended after the last turn. */
export function encodeChat(template: Template, messages: readonly Message[], counted: Counted, end: readonly number[]): Sequence {
  const tokens = template.render(messages, false);
  const factors = tokens.map(() => 0);
  const last = messages.length - 1;
  messages.forEach((message, i) => {
    if (message.role !== 'assistant' || i < counted.promptLength || (counted.assistantTurns === 'last' && i < last)) return;
    const factor = weightOfMessage(message);
    if (factor === 0) return;
    for (const { start, end } of spansOf(template, messages, i)) factors.fill(factor, start, end);
  });
  factors.push(...end.map(() => weightOfMessage(messages[last]!)));
  const sequence = { tokens: [...tokens, ...end], mask: factors.map((factor) => Number(factor > 0)) };
  return factors.every((factor) => factor === 0 || factor === 1) ? sequence : { ...sequence, weights: factors };
}

/** The counted tokens of a turn: those that the template marks, or else those that are found. */
function spansOf(template: Template, messages: readonly Message[], i: number): readonly Span[] {
  const marked = template.marked(messages);
  if (!marked) return [spanOfAnswer(template, messages, i)];
  const marksBefore = (length: number) => (length === 0 ? 0 : template.marked(messages.slice(0, length))!.length);
  const spans = marked.slice(marksBefore(i), i === messages.length - 1 ? marked.length : marksBefore(i + 1));
  if (spans.every(({ start, end }) => start >= end)) template.fail(`marks no token of message ${i}`);
  return spans;
}

/**
 * Whether the template writes anything but white space after the last turn of the assistant, so that an answer ends with a token that the
 * model can learn.
 */
export function endsTurns(template: Template, tokenizer: ChatTokenizer, messages: readonly Message[]): boolean {
  const answered: readonly Message[] = [...messages.slice(0, -1), { role: 'assistant', content: 'a' }];
  const tail = template.render(answered, false).slice(textSpan(template, answered, answered.length - 1).end);
  const blank = new Set(['\n', '\n\n', ' '].flatMap((text) => [...tokenizer.encode(text, { add_special_tokens: false })]));
  return tail.some((id) => !blank.has(id));
}
