import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { generatedFromResults } from '../../bench/pages/generated.js';
import { arrays } from '../../src/backend/arrays/arrays.js';
import * as prefloss from '../../src/index.js';
import { generated } from '../../tools/generate.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...['', ...readdirSync(join(root, 'examples')).map((name) => `${name}/`)]
    .map((folder) => `examples/${folder}README.md`)
    .filter((file) => existsSync(join(root, file))),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.md') && !f.startsWith('api')) // docs/api/ is generated from the doc comments, for the site
    .map((f) => `docs/${f.replaceAll('\\', '/')}`),
];

/** The files of the repository and their folders: what git ignores is on no page of GitHub or npm. */
const inRepository = new Set(
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .flatMap((file) => file.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/'))),
);

/** The anchors that GitHub gives the headings of a page. */
const anchorsOf = (page: string): string[] =>
  [...text(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('the docs', () => {
  it('list the available kernels', () => {
    const inMemory = vi.spyOn(arrays, 'onValues');
    prefloss.tokenLogProbs([[0, 0]], [1]);
    prefloss.tokenStats([[0, 0]], [1]);
    prefloss.tokenDivergence([[0, 0]], [[0, 1]]);
    const operations = Object.entries(prefloss.listKernels());
    expect(inMemory, 'call each operation of listKernels above').toHaveBeenCalledTimes(operations.length);
    const rows = operations.map(([operation, kinds]) =>
      ['', `\`${operation}\``, 'kernel', ...['cpu', 'wasm', 'webgpu', 'tensorflow', 'webgl'].map((b) => kinds[b]), ''].join(' | ').trim(),
    );
    for (const row of rows) expect(text('docs/kernels.md')).toContain(row);
  });

  it.each(pages)('%s links to files and headings that exist', (page) => {
    const links = [...text(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)];
    const dead = links.filter(([, path, anchor]) => {
      const target = path === '' ? page : posix.join(posix.dirname(page), path!).replace(/\/$/, '');
      return !inRepository.has(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    expect(dead.map(([link]) => link)).toEqual([]);
  });

  it('are up to date with `npm run generate`, and so are the exports of src/losses', async () => {
    const files = await generated();
    const stale = [...files].filter(([file, written]) => !existsSync(join(root, file)) || text(file) !== written).map(([file]) => file);
    expect(stale, 'run `npm run generate`').toEqual([]);
    for (const name of Object.keys(prefloss.losses))
      expect([...files.keys()]).toEqual(expect.arrayContaining([`docs/losses/${name}.md`, `docs/plots/${name}.svg`]));
  });

  it('show the measured numbers in README, docs/performance.md and its plots', async () => {
    for (const [file, written] of await generatedFromResults()) expect([file, text(file)]).toEqual([file, written]);
    for (const backend of ['cpu', 'wasm', 'tfjs-node', 'webgpu']) {
      expect(text('README.md')).toContain(`| ${backend} | [2, 64, 50257] |`);
      expect(text('docs/performance.md')).toContain(`| ${backend} |`);
    }
  });

  it('name every export in README', () => {
    const missing = Object.keys(prefloss).filter((name) => !text('README.md').includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });
});
