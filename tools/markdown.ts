const END = '<!-- end -->';

/** A table; the row below the head says how columns are aligned. */
export const table = (rows: readonly (readonly string[])[]): string => rows.map((row) => `| ${row.join(' | ')} |`).join('\n');

/** The text of a page with the part that a command writes, between `<!-- <command> -->` and `<!-- end -->`. */
export function withPart(text: string, command: string, part: string): string {
  const mark = `<!-- ${command} -->`;
  const begin = text.indexOf(mark);
  const end = text.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`the page lacks the lines "${mark}" and "${END}"`);
  return text.slice(0, begin + mark.length) + part + text.slice(end);
}
