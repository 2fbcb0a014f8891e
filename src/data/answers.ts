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
  const span = { start: startOfAnswer(template, messages, i, whole), end: endOfAnswer(template, messages, i, whole) };
  if (span.start >= span.end) template.fail(`renders no token for message ${i}`);
  return span;
}

function startOfAnswer(template: Template, messages: readonly Message[], i: number, whole: readonly number[]): number {
  // Templates need a first message.
  if (i > 0) {
    const before = template.render(messages.slice(0, i), true);
    const shared = commonStart(before, whole);
    // The conversation may leave the generation prompt, but not before it.
    if (shared === before.length || shared > before.length - generationPrompt(template, messages, i).length) return shared;
  }
  const prompt = generationPrompt(template, messages, i);
  const text = textSpan(template, messages, i);
  if (prompt.length === 0) return text.start;
  const earliest = i === 0 ? 0 : textSpan(template, messages, i - 1).end;
  const places = Array.from({ length: text.start + 1 - earliest }, (_, n) => earliest + n);
  const shared = places.map((place) => commonStart(prompt, whole.slice(place, text.start)));
  const longest = largest(shared);
  if (longest === 0) template.fail(`renders message ${i} without the generation prompt, so where it starts cannot be found`);
  return places[shared.indexOf(longest)]! + longest;
}

function endOfAnswer(template: Template, messages: readonly Message[], i: number, whole: readonly number[]): number {
  if (i === messages.length - 1) return whole.length;
  const upTo = messages.slice(0, i + 1);
  const partial = template.render(upTo, false);
  if (commonStart(partial, whole) === partial.length) return partial.length;

  const text = textSpan(template, messages, i);
  const next = messages[i + 1]!;
  const nextText = textSpan(template, messages, i + 1);
  if (nextText.start < text.end) template.fail(`renders the text of message ${i + 1} before the end of message ${i}`);
  const between = whole.slice(text.end, nextText.start);
  const own = textSpan(template, upTo, i).end;
  const after = partial.slice(own);
  if (commonStart(after, between) === after.length) return text.end + after.length;
  // The turn has another end where the conversation ends. Turns of all roles may start alike, as with `<|im_start|>`; one of the assistant
  // may start so several times.
  const prompt = generationPrompt(template, messages, i);
  const starts = between.map((_, place) => commonStart(prompt, between.slice(place)));
  const longest = largest(starts);
  if (longest > 0) return text.end + (next.role === 'assistant' ? starts.indexOf(longest) : starts.lastIndexOf(longest));
  // Each role starts with a token of its own. The turn ends where what follows differs from what follows elsewhere.
  const prompted = template.render(upTo, true).slice(own);
  const shared = Math.max(commonStart(after, between), commonStart(prompted, between));
  if (shared > 0) return text.end + shared;
  // Both are written otherwise here. The next turn starts as it does alone.
  const header = commonEnd(between, template.render([next], false).slice(0, textSpan(template, [next], 0).start));
  if (header === 0) template.fail(`does not render the turns up to message ${i} as the start of the conversation, so its end cannot be found`); // prettier-ignore
  return nextText.start - header;
}

/** The generation prompt, as it stands after the turns before `messages[i]`. */
function generationPrompt(template: Template, messages: readonly Message[], i: number): readonly number[] {
  // After a turn of the assistant, some templates write an end of conversation instead.
  let length = i;
  while (length > 0 && messages[length - 1]!.role === 'assistant') length--;
  if (length === 0) length = messages.findIndex(({ role }) => role !== 'assistant') + 1;
  if (length === 0) return [];
  const turns = messages.slice(0, length);
  const whole = template.render(turns, true);
  return whole.slice(commonStart(whole, template.render(turns, false)));
}

// Spread into `Math.max`, a long list overflows the stack.
const largest = (counts: readonly number[]): number => counts.reduce((a, b) => Math.max(a, b), 0);

/** Two texts without a common token. */
const EXCHANGED = ['x', 'y'] as const;

/** The tokens that depend on the text of `messages[i]`: those in which the conversation differs once the text is exchanged. */
export function textSpan(template: Template, messages: readonly Message[], i: number): Span {
  const whole = template.render(messages, false);
  const exchanged = (message: object) =>
    EXCHANGED.map((text) => {
      const content = Array.isArray(messages[i]!.content) ? [{ type: 'text', text }] : text;
      const other = { ...message, role: messages[i]!.role, content } as Message;
      return template.render([...messages.slice(0, i), other, ...messages.slice(i + 1)], false);
    }) as [readonly number[], readonly number[]];
  const areSame = ([a, b]: readonly (readonly number[])[]) => commonStart(a!, b!) === Math.max(a!.length, b!.length);
  let pair = exchanged(messages[i]!);
  // A template may write the calls of a message instead of its text.
  if (areSame(pair)) pair = exchanged({});
  if (areSame(pair)) template.fail(`does not render the text of message ${i}`);
  const [a, b] = pair;
  const start = commonStart(a, b);
  const tail = Math.min(commonEnd(a, b), a.length - start, b.length - start);
  const [x, y] = [a.slice(start, a.length - tail), b.slice(start, b.length - tail)];
  if (x.length === y.length && x.some((id, t) => id === y[t])) template.fail(`renders the text of message ${i} in two places`);
  const ownStart = Math.min(start, commonStart(a, whole));
  return { start: ownStart, end: whole.length - Math.min(tail, commonEnd(a, whole), whole.length - ownStart) };
}
