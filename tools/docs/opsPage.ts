// Writes the table of docs/ops.md from the doc comments of src/backend/ops.ts.
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { table, withPart } from '../markdown.js';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** The first paragraph of each doc comment, and what follows it, in one line each; formulas become code. */
const paragraphs = (comment: string): string[] =>
  comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^[ \t]*\*[ ]?/gm, '')
    .trim()
    .split(/\n\s*\n/)
    .map((text) => (text.startsWith('    ') ? `\`${text.trim().replaceAll(/,?\s{2,}/g, '`, `')}\`` : text.replaceAll(/\s+/g, ' ')));

function rows(): string[][] {
  const file = 'src/backend/ops.ts';
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true);
  const found = new Map<string, string[]>();
  for (const node of source.statements) {
    if (!ts.isFunctionDeclaration(node) || !node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
    const name = node.name!.text;
    const comment = ts.getLeadingCommentRanges(source.text, node.pos)?.at(-1);
    if (!comment) continue;
    const text = paragraphs(source.text.slice(comment.pos, comment.end))
      .slice(0, 2)
      .join(' ')
      .replaceAll(/\{@link (\w+)\}/g, '`$1`')
      .replaceAll('|', '\\|');
    const parameters = node.parameters.map(
      (parameter) => `${parameter.name.getText(source)}${(parameter.questionToken ?? parameter.initializer) ? '?' : ''}`,
    );
    const row = [`\`${name}(${parameters.join(', ')})\``, text];
    found.set(`${name}/${parameters.length}`, row);
  }
  return [...found.values()];
}

/** The text of docs/ops.md with its generated table. */
export const withOps = (): string =>
  withPart(
    read('docs/ops.md'),
    'npm run generate writes this from src/backend/ops.ts',
    `\n\n${table([['operation', 'what it computes'], ['---', '---'], ...rows()])}\n\n`, // prettier-ignore
  );
