// Writes the table of docs/models.md that follows from operations.ts.
import { readFileSync } from 'node:fs';
import { table, withPart } from '../markdown.js';
import { undifferentiable } from './operations.js';

const PAGE = new URL('../../docs/models.md', import.meta.url);

const rows = Object.entries(undifferentiable).map(([name, { backends, isWrong, instead }]) => [
  name,
  backends?.join(', ') ?? 'all',
  isWrong ? 'is wrong' : 'throws',
  instead,
]);

/** The text of docs/models.md with its generated table. */
export const withOperations = (): string =>
  withPart(
    readFileSync(PAGE, 'utf8'),
    'npm run generate writes this from tools/docs/operations.ts',
    `\n\n${table([['operation', 'backends', 'gradient', 'instead'], ['---', '---', '---', '---'], ...rows])}\n\n`, // prettier-ignore
  );
