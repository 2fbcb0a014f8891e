// Writes every file that follows from the sources: `npm run generate`. The files are committed; a test fails where one is stale.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { barrel } from './docs/barrel.js';

const pathOf = (file: string): string => fileURLToPath(new URL(`../${file}`, import.meta.url));

function textOf(file: string): string | undefined {
  try {
    return readFileSync(pathOf(file), 'utf8');
  } catch {
    return undefined;
  }
}

/** The exports of src/losses, on which all other files depend. */
const exportsOfLosses = (): [string, string] => ['src/losses/index.ts', barrel()];

/** The generated files and their text, by path. `undefined`: the file belongs to no function any more. */
export async function generated(): Promise<ReadonlyMap<string, string | undefined>> {
  // Loaded here, because they import the losses, whose exports may have been written just before.
  const [{ pages }, { plots }, { familyPlot }, { withLosses }, { withLimits }] = await Promise.all([
    import('./docs/pages.js'),
    import('./docs/plots.js'),
    import('./docs/familyPlot.js'),
    import('./docs/readme.js'),
    import('./docs/limits.js'),
  ]);
  const files = new Map<string, string | undefined>([
    exportsOfLosses(),
    ['README.md', withLosses()],
    ['docs/limits.md', withLimits()],
    ...(await pages()),
    ...(await plots()),
    await familyPlot(),
  ]);
  for (const folder of ['docs/losses/', 'docs/plots/']) {
    // The plots of docs/performance.md follow from measurements, not from sources.
    const own = readdirSync(pathOf(folder)).filter((file) => !file.startsWith('performance-'));
    for (const file of own) if (!files.has(folder + file)) files.set(folder + file, undefined);
  }
  return files;
}

function write(file: string, text: string | undefined): void {
  if (text === textOf(file)) return;
  if (text === undefined) rmSync(pathOf(file));
  else {
    mkdirSync(dirname(pathOf(file)), { recursive: true });
    writeFileSync(pathOf(file), text);
  }
  console.log(`${text === undefined ? 'removed' : 'written'}: ${file}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  write(...exportsOfLosses());
  for (const [file, text] of await generated()) write(file, text);
}
