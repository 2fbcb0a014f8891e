// Writes the tables of README.md and docs/performance.md, and the plots, from bench/results: `npm run docs:performance`
import { writeFileSync } from 'node:fs';
import { generatedFromResults } from './generated.js';

for (const [file, text] of await generatedFromResults()) {
  writeFileSync(new URL(`../../${file}`, import.meta.url), text);
  console.log(`Written to ${file}`);
}
