import { commonStart, type Span } from './tokenIds.js';

// From the private use area, so that no text contains them.
const [OPEN, CLOSE] = ['\uF8F0\uF8F1', '\uF8F1\uF8F0'];

/** The source of a template that writes marks at the borders of its `{% generation %}` blocks. */
export const withMarks = (source: string): string =>
  // The blocks trim white space around them, and the first line break after them. The marks are written inside of that.
  source.replaceAll(/\{%(-?)\s*(end)?generation\s*(-?)%\}\n?/g, (_, before: string, isEnd: string | undefined, after: string) => {
    return `{%${before} ${isEnd ?? ''}generation %}{{ '${isEnd ? CLOSE : OPEN}' ${after}}}`;
  });

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
  // Where a token lies across a border, it belongs to the later part.
  const tokenAt = (place: number): number => (place === before.length ? whole.length : commonStart(encode(before.slice(0, place)), whole));
  return places.map(([start, end]) => ({ start: tokenAt(start), end: tokenAt(end) }));
}
