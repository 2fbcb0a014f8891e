import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/runExample.js';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const { version, homepage, repository, bugs, license, dependencies } = JSON.parse(read('package.json')) as {
  readonly version: string;
  readonly homepage: string;
  readonly repository: { readonly url: string };
  readonly bugs: string;
  readonly license: string;
  readonly dependencies?: object;
};
const home = /^git\+(https:\/\/github\.com\/[\w-]+\/prefloss)\.git$/.exec(repository.url)![1]!;

it('one repository is named everywhere', () => {
  expect([homepage, bugs]).toEqual([`${home}#readme`, `${home}/issues`]);
  const files = execFileSync('git', ['ls-files', '*.md', '*.yml', '*.json', '*.ts', '*.cff'], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n');
  const links = files.flatMap((file) =>
    [...read(file).matchAll(/https:\/\/(?:raw\.githubusercontent|github)\.com\/([\w-]+)\/prefloss\b/g)].map(
      ([, owner]) => `${file}: ${owner!}`,
    ),
  );
  expect(links.length).toBeGreaterThan(0);
  expect(links.filter((link) => !link.endsWith(`: ${home.split('/')[3]!}`))).toEqual([]);
});

it('the newest version of the changelog is that of package.json and CITATION.cff', () => {
  const [, newest, date] = /^## \[(\d+\.\d+\.\d+)\] - (\S+)$/m.exec(read('CHANGELOG.md'))!;
  expect(newest).toBe(version);
  expect(read('CITATION.cff')).toContain(`version: ${version}\ndate-released: ${date!}\n`);
});

it('the badges of README are true', () => {
  const readme = read('README.md');
  expect(readme).toContain(`badge/licence-${license}-`);
  expect(readme).toContain(`badge/runtime_dependencies-${Object.keys(dependencies ?? {}).length}-`);
  expect(read('.github/workflows/ci.yml')).toMatch(/^name: ci$/m);
  expect(readme).toContain(`${home}/actions/workflows/ci.yml/badge.svg`);
});
