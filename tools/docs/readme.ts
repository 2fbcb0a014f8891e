import { readdirSync, readFileSync } from 'node:fs';
import { losses, type LossEntry } from '../../src/core.js';
import { table, withPart } from '../markdown.js';

const ROOT = new URL('../../', import.meta.url);
const SOURCES = new URL('src/losses/', ROOT);

const GROUPS: readonly (readonly [title: string, kinds: readonly LossEntry['kind'][]])[] = [
  ['Losses of pairs', ['pairs']],
  ['Losses of pairs without a reference', ['referenceFreePairs']],
  ['Losses of unpaired examples', ['examples']],
  ['Losses of single completions', ['completions', 'referenceFreeCompletions']],
  ['Losses of lists of K candidates', ['lists', 'referenceFreeLists']],
  ['Losses of rewards', ['rewards']],
];

/** Returns the functions that a file exports, first the function that the file is named after. */
function functionsOf(file: string): string[] {
  const own = file.replace(/\.ts$/, '');
  const names = [...readFileSync(new URL(file, SOURCES), 'utf8').matchAll(/^export function (\w+)/gm)].map((match) => match[1]!);
  return [...new Set([own, ...names])];
}

/** Lists the functions of src/losses that are not in the catalogue, grouped by file. */
function others(): string {
  const files = readdirSync(SOURCES).filter((file) => file !== 'index.ts' && !(file.replace(/\.ts$/, '') in losses));
  return files
    .sort()
    .map((file) => functionsOf(file).map((name) => `\`${name}\``))
    .map(([first, ...rest]) => (rest.length > 0 ? `${first} with ${rest.join(' and ')}` : first))
    .join(', ');
}

/** Returns README.md with its list of losses, and their number wherever it names it. */
export function withLosses(): string {
  const all = Object.entries(losses as Readonly<Record<string, LossEntry>>);
  const rows = GROUPS.map(([title, kinds]) => [
    title,
    all
      .filter(([, { kind }]) => kinds.includes(kind))
      .map(([name]) => `[\`${name}\`](docs/losses/${name}.md)`)
      .join(', '),
  ]);
  const text = readFileSync(new URL('README.md', ROOT), 'utf8').replaceAll(/\b\d+ losses/g, `${all.length} losses`);
  const list = table([['', ''], ['---', '---'], ...rows, ['Terms, weights, statistics', others()]]); // prettier-ignore
  return withPart(text, 'npm run generate writes this list', `\n${list}\n`);
}
