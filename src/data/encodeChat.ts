import { spanOfAnswer, textSpan } from './answers.js';
import type { ChatTokenizer } from './chatTokenizer.js';
import { BadRow } from './badRow.js';
import { textOfContent, type Message } from './rows.js';
import { placesByParts } from './parts.js';
import type { Sequence } from './sequence.js';
import type { Template } from './template.js';
import type { Span } from './tokenIds.js';

/**
 * Encodes a conversation. `factors` are the weights of the messages; 0 for those that do not count. `end` is appended after the last turn,
 * whose weight it has.
 */
export function encodeChat(
  template: Template,
  messages: readonly Message[],
  { factors, end }: { readonly factors: readonly number[]; readonly end: readonly number[] },
): Sequence {
  const tokens = template.render(messages, false);
  const weights = tokens.map(() => 0);
  const marked = template.marked(messages);
  const places = placesByParts(template, messages, marked !== undefined);
  factors.forEach((factor, i) => {
    if (factor === 0) return;
    const place = places?.get(i);
    const spans = marked
      ? markedIn(template, marked, place?.turn ?? surroundings(template, messages, i), i)
      : [place?.answer ?? spanOfAnswer(template, messages, i)];
    for (const span of spans) weights.fill(factor, span.start, span.end);
  });
  weights.push(...end.map(() => factors.at(-1)!));
  const sequence = { tokens: [...tokens, ...end], mask: weights.map((weight) => Number(weight > 0)) };
  return weights.every((weight) => weight === 0 || weight === 1) ? sequence : { ...sequence, weights };
}

/** The marked tokens of a turn. */
function markedIn(template: Template, marked: readonly Span[], turn: Span, i: number): readonly Span[] {
  const spans = marked.filter(({ start, end }) => start >= turn.start && start < turn.end && start < end);
  if (spans.length === 0) template.fail(`marks no token of message ${i}`);
  return spans;
}

/** The tokens between the texts of the messages before and after `messages[i]`. */
function surroundings(template: Template, messages: readonly Message[], i: number): Span {
  return {
    start: i === 0 ? 0 : textSpan(template, messages, i - 1).end,
    end: i === messages.length - 1 ? Infinity : textSpan(template, messages, i + 1).start,
  };
}

/** The tokens of white space, as chat templates write it between turns. A tokenizer of few words may have none. */
export function blankTokens(tokenizer: ChatTokenizer): ReadonlySet<number> {
  const encode = (text: string): readonly number[] => {
    try {
      return tokenizer.encode(text, { add_special_tokens: false });
    } catch {
      return [];
    }
  };
  return new Set(['\n', '\n\n', ' '].flatMap((text) => [...encode(text)]));
}

/**
 * Whether the template writes anything but white space after the last answer, so that it ends with a token that the model can learn. Throws
 * if it renders the answer nowhere or in two places.
 */
export function endsAnswers(
  template: Template,
  messages: readonly Message[],
  blank: ReadonlySet<number>,
  encode: (text: string) => readonly number[],
): boolean {
  const { content } = messages.at(-1)!;
  const text = textOfContent(content);
  const answered: readonly Message[] = [...messages.slice(0, -1), { role: 'assistant', content: text === '' ? 'a' : content }];
  const tokens = template.render(answered, false);
  try {
    const tail = tokens.slice(textSpan(template, answered, answered.length - 1).end);
    return tail.some((id) => !blank.has(id));
  } catch (error) {
    if (error instanceof BadRow && error.cause === undefined) throw error;
    // A tokenizer of few words may not know the texts that the answer is exchanged for. Then the conversation ends otherwise than the answer.
    const lastOf = (ids: readonly number[]): number | undefined => ids.filter((id) => !blank.has(id)).at(-1);
    return lastOf(encode(text)) !== lastOf(tokens);
  }
}
