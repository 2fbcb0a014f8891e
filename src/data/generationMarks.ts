import { commonStart, type Span } from './tokenIds.js';

// From the private use area, so that no text contains them.
const [OPEN, CLOSE] = ['\uF8F0\uF8F1', '\uF8F1\uF8F0'];

/** The source of a template that writes marks at the borders of its `{% generation %}` blocks. */
export const withMarks = (source: string): string =>
  // The blocks trim white space around them, and the first line break after them. The marks are written inside of that.
  source.replaceAll(/\{%(-?)\s*(end)?generation\s*(-?)%\}\n?/g, (_, before: string, isEnd: string | undefined, after: string) => {
    return `{%${before} ${isEnd ?? ''}generation %}{{ '${isEnd ? CLOSE : OPEN}' ${after}}}`;
  });

/** How many tokens a token across a border may have been if the text ended there. */
const ACROSS = 4;

/** The ranges of tokens that lie between marks of a rendered text, in the tokens of the text without its marks. */
export function markedSpans(text: string, encode: (text: string) => readonly number[]): Span[] {
  const [first, ...blocks] = text.split(OPEN);
  let before = first!;
  const places = blocks.map((block) => {
    const [inside, outside] = block.split(CLOSE) as [string, string];
    const start = before.length;
    before += inside + outside;
    return [start, start + inside.length] as const;
  });
  const whole = encode(before);
  // The last border that lies between two tokens. From there on, the text has the same tokens as after all that comes before, unless the
  // tokenizer starts each text in a way of its own; then it takes the whole text up to the border.
  let last = { place: 0, token: 0 };
  // Where a token lies across a border, it belongs to the later part.
  const tokenAt = (place: number): number => {
    if (place === before.length) return whole.length;
    const from = (border: typeof last) => {
      const tokens = encode(before.slice(border.place, place));
      return {
        token: border.token + commonStart(tokens, whole.slice(border.token, border.token + tokens.length)),
        end: border.token + tokens.length,
      };
    };
    let found = from(last);
    if (found.token === last.token || found.end - found.token > ACROSS) found = from({ place: 0, token: 0 });
    if (found.token === found.end) last = { place, token: found.token };
    return found.token;
  };
  return places.map(([start, end]) => ({ start: tokenAt(start), end: tokenAt(end) }));
}
