import { readdirSync } from 'node:fs';

const FOLDER = new URL('../../src/losses/', import.meta.url);

/** Returns the text of src/losses/index.ts, which re-exports all files of its folder. */
export function barrel(): string {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts') && file !== 'index.ts');
  const lines = files.sort().map((file) => `export * from './${file.replace(/\.ts$/, '.js')}';`);
  return `// Written by \`npm run generate\`.\n${lines.join('\n')}\n`;
}
