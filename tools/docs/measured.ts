// What `npm run accuracy` and `npm run support` have in common: they run tests on every engine, and keep what these measure.
import { writeFileSync } from 'node:fs';
import { startVitest, type Reporter, type TestModule } from 'vitest/node';
import { PROJECTS, type Project } from './projects.js';

const root = new URL('../../', import.meta.url);

/** The project that a module of tests ran in. In a browser, the name of a project ends with that of the browser. */
export const projectOf = (module: TestModule): Project => PROJECTS.find((name) => module.project.name.split(' ')[0] === name)!;

/** Runs tests on every engine. Throws unless all pass. */
export async function runTests(files: readonly string[], reporter: Reporter, without?: string): Promise<void> {
  const vitest = await startVitest('test', [...files], {
    watch: false,
    project: [...PROJECTS],
    reporters: ['default', reporter],
    ...(without !== undefined && { testNamePattern: new RegExp(`^(?!${without})`) }),
  });
  await vitest.close();
  if (process.exitCode) throw new Error('a test failed: see above');
}

/** Three digits of an error. */
export const rounded = (error: number): number => Number(error.toPrecision(3));

/** JSON whose records, to the given depth, have a line for each entry. */
export function jsonOf(value: unknown, depth: number, indent = ''): string {
  if (depth === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const lines = Object.entries(value).map(([key, x]) => `${indent} ${JSON.stringify(key)}: ${jsonOf(x, depth - 1, `${indent} `)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

export function write(file: string, text: string): void {
  writeFileSync(new URL(file, root), text);
  console.log(`Written to ${file}`);
}
