// Writes what the results in bench/results make of README.md, docs/performance.md and its plots: `npm run docs:performance`
import { writeFileSync } from 'node:fs';
import { generatedFromResults } from './generated.js';

for (const [file, text] of await generatedFromResults()) {
  writeFileSync(new URL(`../../${file}`, import.meta.url), text);
  console.log(`Written to ${file}`);
}
