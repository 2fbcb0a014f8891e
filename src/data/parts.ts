import { spanOfAnswer, textSpan } from './answers.js';
import { BadRow } from './badRow.js';
import type { Message } from './rows.js';
import type { Template } from './template.js';
import type { Span } from './tokenIds.js';

/** A conversation of this many messages is its own part. */
const SHORT = 8;
/** How many answers a part may go back to begin with a message of the user. */
const BACK = 4;

/** Some messages of a conversation, which are a conversation themselves. */
interface Part {
  readonly messages: readonly Message[];
  /** Index in the part of the answer that it is made for. */
  readonly answer: number;
  /** Index in the part of the answer before, or -1. */
  readonly before: number;
}

/** The part of a conversation around its answer `messages[i]`, which shows how the template renders that answer. */
export const partAround = (messages: readonly Message[], i: number): Part => partOf(messages, answersOf(messages), i);

const answersOf = (messages: readonly Message[]): readonly number[] => messages.flatMap(({ role }, i) => (role === 'assistant' ? [i] : []));

/**
 * The messages before the first one of the user, some answers with what they answer, the message after, and the next one of the user.
 * Templates may want roles to alternate, and may render an answer in another way if it is the last, or if the user says something later.
 */
function partOf(messages: readonly Message[], answers: readonly number[], i: number): Part {
  const n = answers.indexOf(i);
  const before = n === 0 ? -1 : answers[n - 1]!;
  if (messages.length <= SHORT) return { messages, answer: i, before };
  const startOf = (answer: number) => (answer === 0 ? 0 : answers[answer - 1]! + 1);
  const isAsked = (answer: number) => messages[startOf(answer)]!.role === 'user';
  const candidates = Array.from({ length: Math.min(n, BACK) }, (_, back) => n - 1 - back);
  const first = candidates.find((answer) => answer === 0 || isAsked(answer));
  // Calls of tools may go on for long. They follow the first answer as they follow the others.
  const [leadEnd, from] =
    first === undefined && n > 0
      ? [answers[0]! + 1, startOf(n - 1)]
      : [messages.findIndex(({ role }) => role === 'user'), startOf(first ?? 0)];
  const lead = messages.slice(0, Math.max(Math.min(leadEnd, from), 0));
  const shift = lead.length - from;
  const asks = messages[i + 1]?.role === 'user' ? undefined : messages.find(({ role }, later) => later > i + 1 && role === 'user');
  return {
    messages: [...lead, ...messages.slice(from, i + 2), ...(asks ? [asks] : [])],
    answer: i + shift,
    before: before < 0 ? -1 : before + shift,
  };
}

/** The tokens of an answer, and, if asked for, those from the text of the message before to its end. */
interface Place {
  readonly answer: Span;
  readonly turn?: Span;
}

/**
 * Where the answers of a long conversation are in its tokens, by their messages, in a time that grows with its length and not with its
 * square. Each answer is found in the part around it. What the part has from the answer before to the end of this one must follow in the
 * whole conversation as well, until all of its tokens are accounted for; otherwise the result is undefined.
 */
export function placesByParts(
  template: Template,
  messages: readonly Message[],
  withTurns: boolean,
): ReadonlyMap<number, Place> | undefined {
  if (messages.length <= SHORT) return undefined;
  const whole = template.render(messages, false);
  const answers = answersOf(messages);
  const places = new Map<number, Place>();
  let end = 0;
  try {
    for (const i of answers) {
      const part = partOf(messages, answers, i);
      const tokens = template.render(part.messages, false);
      const from = part.before < 0 ? 0 : spanOfAnswer(template, part.messages, part.before).end;
      const span = spanOfAnswer(template, part.messages, part.answer);
      const shift = end - from;
      for (let t = from; t < span.end; t++) if (tokens[t] !== whole[t + shift]) return undefined;
      if (span.start < from) return undefined;
      end = span.end + shift;
      const said = withTurns && part.answer > 0 ? textSpan(template, part.messages, part.answer - 1).end : from;
      places.set(i, { answer: { start: span.start + shift, end }, ...(withTurns && { turn: { start: said + shift, end } }) });
    }
  } catch (error) {
    if (error instanceof BadRow) return undefined;
    throw error;
  }
  return end === whole.length ? places : undefined;
}
