import { readdirSync, readFileSync } from 'node:fs';
import { losses, type LossEntry } from '../../src/core.js';
import { table, withPart } from '../markdown.js';

const ROOT = new URL('../../', import.meta.url);
const SOURCES = new URL('src/losses/', ROOT);

const GROUPS: readonly (readonly [title: string, kinds: readonly LossEntry['kind'][]])[] = [
  ['Losses of pairs', ['pairs']],
  ['without a reference', ['referenceFreePairs']],
  ['of single examples', ['examples']],
  ['of K candidates', ['lists', 'referenceFreeLists']],
  ['of rewards', ['rewards']],
];

/** The functions that a file exports, the one of its name first. */
function functionsOf(file: string): string[] {
  const own = file.replace(/\.ts$/, '');
  const names = [...readFileSync(new URL(file, SOURCES), 'utf8').matchAll(/^export function (\w+)/gm)].map((match) => match[1]!);
  return [...new Set([own, ...names])];
}

/** The functions of src/losses that are no losses of the catalogue, those of one file together. */
function others(): string {
  const files = readdirSync(SOURCES).filter((file) => file !== 'index.ts' && !(file.replace(/\.ts$/, '') in losses));
  return files
    .sort()
    .map((file) => functionsOf(file).map((name) => `\`${name}\``))
    .map(([first, ...rest]) => (rest.length > 0 ? `${first} with ${rest.join(' and ')}` : first))
    .join(', ');
}

/** README.md with its list of losses. */
export function withLosses(): string {
  const all = Object.entries(losses as Readonly<Record<string, LossEntry>>);
  const rows = GROUPS.map(([title, kinds]) => [
    title,
    all
      .filter(([, { kind }]) => kinds.includes(kind))
      .map(([name]) => `[\`${name}\`](docs/losses/${name}.md)`)
      .join(', '),
  ]);
  const text = readFileSync(new URL('README.md', ROOT), 'utf8');
  const list = table([['', ''], ['---', '---'], ...rows, ['Terms, weights, statistics', others()]]); // prettier-ignore
  return withPart(text, 'npm run generate writes this list', `\n${list}\n`);
}
