import { readFileSync } from 'node:fs';
import { KILLS, type Verdict } from '../brokenEngines/verdict.js';
import { withPart } from '../markdown.js';

const text = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** A file of an example as a block of code. */
const block = (file: string, info: string): string => `\n\n\`\`\`${info}\n${text(file)}\`\`\`\n\n`;

function counts(verdicts: readonly Verdict[]): string {
  const forbidden = verdicts.filter(({ allowed }) => allowed === undefined);
  const caught = forbidden.filter(({ caughtBy }) => caughtBy !== null).length;
  return `\n\nHow good are these tests? \`npm run broken-engines\` breaks a sound engine in one place at a time. Of ${forbidden.length} engines that break the contract,
they catch **${caught}**; ${verdicts.length - forbidden.length} others, which differ in ways that it allows, pass. [The list](../${KILLS}) names the check
that catches each.\n\n`;
}

/** The text of docs/engine.md with the code of the example and what `npm run broken-engines` found. */
export function withEngine(): string {
  const command = 'npm run generate writes this from examples/own-engine/';
  const withCode = withPart(text('docs/engine.md'), `${command}engine.ts`, block('examples/own-engine/engine.ts', 'ts'));
  const withTest = withPart(withCode, `${command}main.ts`, block('examples/own-engine/main.ts', 'ts no-check'));
  return withPart(withTest, 'npm run broken-engines counts this', counts(JSON.parse(text(KILLS)) as Verdict[]));
}
