const END = '<!-- end -->';

/** A Markdown table. The second row is the delimiter row, which sets the alignment of the columns. */
export const table = (rows: readonly (readonly string[])[]): string => rows.map((row) => `| ${row.join(' | ')} |`).join('\n');

/** Returns the page with `part` between the marks `<!-- <command> -->` and `<!-- end -->`. */
export function withPart(text: string, command: string, part: string): string {
  const mark = `<!-- ${command} -->`;
  const begin = text.indexOf(mark);
  const end = text.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`the page lacks the lines "${mark}" and "${END}"`);
  return text.slice(0, begin + mark.length) + part + text.slice(end);
}

/** The text of a page with several parts written by one command, each between `<!-- <command>: <name> -->` and the end mark. */
export const withParts = <P>(page: string, command: string, parts: Readonly<Record<string, P>>, write: (part: P) => string): string =>
  Object.entries(parts).reduce((text, [name, part]) => withPart(text, `${command}: ${name}`, write(part)), page);

/** A number from 0 on with two digits, for a table. */
export const digits = (x: number): string => (x === 0 ? '0' : x >= 1e4 ? x.toExponential(1) : x >= 99.5 ? x.toFixed(0) : x.toPrecision(2));
