import type { Message } from './rows.js';
import type { Template } from './template.js';
import { commonEnd, commonStart, type Span } from './tokenIds.js';

/**
 * The tokens of the assistant's turn `messages[i]` in the rendered conversation: from where the conversation leaves the generation prompt
 * to the end of the turn.
 *
 * For most templates, the conversation starts with the rendering of the turns before it, and with that of the turns up to it. Other
 * templates render a turn differently once others follow it. For these, the place of a turn is found by exchanging its text, and its
 * borders by what the template writes around turns. A turn that cannot be found is an error; nothing is guessed.
 */
export function spanOfAnswer(template: Template, messages: readonly Message[], i: number): Span {
  const whole = template.render(messages, false);
  const span = { start: startOf(template, messages, i, whole), end: endOf(template, messages, i, whole) };
  if (span.start >= span.end) template.fail(`renders no token for message ${i}`);
  return span;
}

function startOf(template: Template, messages: readonly Message[], i: number, whole: readonly number[]): number {
  const opening = openingOf(template, messages, i);
  // Templates need a first message.
  if (i > 0) {
    const before = template.render(messages.slice(0, i), true);
    const shared = commonStart(before, whole);
    if (shared === before.length || shared >= before.length - opening().length) return shared;
  }
  const text = textSpan(template, messages, i);
  if (opening().length === 0) return text.start;
  const earliest = i === 0 ? 0 : textSpan(template, messages, i - 1).end;
  const lengths = Array.from({ length: text.start + 1 - earliest }, (_, n) =>
    commonStart(opening(), whole.slice(earliest + n, text.start)),
  );
  const longest = Math.max(...lengths);
  if (longest === 0) template.fail(`renders message ${i} without the generation prompt, so where it starts cannot be found`);
  return earliest + lengths.indexOf(longest) + longest;
}

function endOf(template: Template, messages: readonly Message[], i: number, whole: readonly number[]): number {
  if (i === messages.length - 1) return whole.length;
  const upTo = template.render(messages.slice(0, i + 1), false);
  if (commonStart(upTo, whole) === upTo.length) return upTo.length;
  const text = textSpan(template, messages, i);
  const next = textSpan(template, messages, i + 1);
  if (next.start < text.end) template.fail(`renders the text of message ${i + 1} before the end of message ${i}`);
  const between = whole.slice(text.end, next.start);
  // Turns of all roles start alike (`<|im_start|>`), or each role with a token of its own, which the next turn alone has too.
  const opening = openingOf(template, messages, i)();
  const at = opening.length === 0 ? -1 : between.indexOf(opening[0]!);
  if (at >= 0) return text.end + at;
  const alone = [messages[i + 1]!];
  const header = commonEnd(between, template.render(alone, false).slice(0, textSpan(template, alone, 0).start));
  if (header === 0) template.fail(`does not render the turns up to message ${i} as the start of the conversation, so its end cannot be found`); // prettier-ignore
  return next.start - header;
}

/** The generation prompt as it stands after the turns before `messages[i]`. It is rendered when first asked for. */
function openingOf(template: Template, messages: readonly Message[], i: number): () => readonly number[] {
  let opening: readonly number[] | undefined;
  return () => {
    if (opening) return opening;
    // After a turn of the assistant, some templates write an end of conversation instead.
    let end = i;
    while (end > 0 && messages[end - 1]!.role === 'assistant') end--;
    if (end === 0) end = messages.findIndex(({ role }) => role !== 'assistant') + 1;
    const turns = messages.slice(0, end);
    const prompt = end === 0 ? [] : template.render(turns, true);
    return (opening = prompt.slice(end === 0 ? 0 : commonStart(prompt, template.render(turns, false))));
  };
}

/** Texts that differ in every token. */
const EXCHANGED = ['x', 'y'] as const;

/** The tokens that depend on the text of `messages[i]`: those in which the conversation differs once the text is exchanged. */
export function textSpan(template: Template, messages: readonly Message[], i: number): Span {
  const whole = template.render(messages, false);
  const { content, ...message } = messages[i]!;
  const exchanged = (others: object) =>
    EXCHANGED.map((text) => {
      const other = { ...others, role: message.role, content: Array.isArray(content) ? [{ type: 'text', text }] : text } as Message;
      return template.render([...messages.slice(0, i), other, ...messages.slice(i + 1)], false);
    }) as [readonly number[], readonly number[]];
  const areSame = ([a, b]: readonly (readonly number[])[]) => commonStart(a!, b!) === Math.max(a!.length, b!.length);
  let pair = exchanged(message);
  // A template may write the calls of a message instead of its text.
  if (areSame(pair)) pair = exchanged({});
  if (areSame(pair)) template.fail(`does not render the text of message ${i}`);
  const [a, b] = pair;
  const start = Math.min(commonStart(a, b), commonStart(a, whole));
  const tail = Math.min(commonEnd(a, b), commonEnd(a, whole), a.length - start, b.length - start, whole.length - start);
  const [x, y] = [a.slice(start, a.length - tail), b.slice(start, b.length - tail)];
  if (x.length === y.length && x.some((id, t) => id === y[t])) template.fail(`renders the text of message ${i} in two places`);
  return { start, end: whole.length - tail };
}
