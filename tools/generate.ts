// Writes all files that are generated from the sources: `npm run generate`. The files are committed; a test fails if one is stale.
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

/** src/losses/index.ts, which the generators of all other files import. */
const exportsOfLosses = (): [string, string] => ['src/losses/index.ts', barrel()];

/** The text of the generated files, by path; `undefined` for a file whose function no longer exists. */
export async function generated(): Promise<ReadonlyMap<string, string | undefined>> {
  // Loaded late, because they import the losses, whose exports may have just been written.
  const [
    { pages },
    { plots },
    { familyPlot },
    { withLosses },
    { withLimits },
    { withSources },
    { withAccuracy },
    { withSupport },
    { withOperations },
    { withOps },
    { withEngine },
    { withSoak },
    { withExchanges },
  ] = await Promise.all([
    import('./docs/pages.js'),
    import('./docs/plots.js'),
    import('./docs/familyPlot.js'),
    import('./docs/readme.js'),
    import('./docs/limits.js'),
    import('./docs/goldens.js'),
    import('./docs/accuracyPage.js'),
    import('./docs/supportPage.js'),
    import('./docs/modelsPage.js'),
    import('./docs/opsPage.js'),
    import('./docs/enginePage.js'),
    import('./docs/soakPage.js'),
    import('./docs/scalePage.js'),
  ]);
  const files = new Map<string, string | undefined>([
    exportsOfLosses(),
    ['README.md', withLosses()],
    ['docs/limits.md', withLimits()],
    ['docs/accuracy.md', withAccuracy()],
    ['docs/support.md', withSupport()],
    ['docs/models.md', withOperations()],
    ['docs/scale.md', withExchanges()],
    ['docs/ops.md', withOps()],
    ['docs/engine.md', withEngine()],
    ['docs/stability.md', withSoak()],
    ['tools/goldens/README.md', withSources()],
    ...(await pages()),
    ...(await plots()),
    await familyPlot(),
  ]);
  for (const folder of ['docs/losses/', 'docs/plots/']) {
    // The plots of docs/performance.md are generated from measurements, not from sources.
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
