import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { table, withPart } from '../markdown.js';

const FOLDER = new URL('../../test/goldens/', import.meta.url);
const README = new URL('../goldens/README.md', import.meta.url);

/** The parts of a golden file that the docs use; see tools/goldens/README.md. */
interface GoldenFile {
  readonly sources: Readonly<Record<string, { readonly repo: string; readonly version: string; readonly function: string }>>;
  readonly records: readonly { readonly source: string; readonly agreement?: Readonly<Record<string, number>> }[];
  readonly deviations: readonly { readonly source: string; readonly reason: string }[];
}

/** Returns the golden file of a function, or undefined if it has none. */
export function goldenOf(name: string): GoldenFile | undefined {
  const file = new URL(`${name}.json`, FOLDER);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as GoldenFile) : undefined;
}

/** Returns the ids of the original implementations that took part in the records of a golden file. */
export const originalsOf = ({ records }: GoldenFile): string[] => [
  ...new Set(records.flatMap(({ source, agreement = {} }) => [source, ...Object.keys(agreement)]).filter((id) => id !== 'exact')),
];

/** Returns tools/goldens/README.md with the list of the original implementations of each golden file. */
export function withSources(): string {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  const rows = files.sort().map((file) => {
    const name = file.replace(/\.json$/, '');
    const ids = originalsOf(goldenOf(name)!).map((id) => `\`${id}\``);
    return [`\`${name}\``, ids.join(', ') || 'none, only the formula'];
  });
  return withPart(
    readFileSync(README, 'utf8'),
    'npm run generate writes this list',
    `\n${table([['file', 'original implementations'], ['---', '---'], ...rows])}\n`,
  );
}
