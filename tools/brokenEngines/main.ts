// Runs backendConformance on an engine that is right, and on engines that are broken in one place: `npm run broken-engines`, or
// `npm run broken-engines -- take` for those with "take" in their names. It fails unless all breaks that the contract forbids are
// caught, and those that it allows pass. Without a name, it writes tools/docs/brokenEngines.json.
import { writeFileSync } from 'node:fs';
import { firstFailure, verdicts } from './kills.js';
import { isRight, KILLS, type Verdict } from './verdict.js';

const part = process.argv[2];
const sound = await firstFailure({});
if (sound) throw new Error(`the sound engine fails ${sound.check}: ${sound.message}`);

const all: Verdict[] = [];
for await (const { message, ...verdict } of verdicts((name) => part === undefined || name.includes(part))) {
  const { group, name, caughtBy, allowed } = verdict;
  all.push(verdict);
  console.log([isRight(verdict) ? ' ' : '!', group.padEnd(9), name.padEnd(64), caughtBy ?? (allowed ? `allowed: ${allowed}` : 'SURVIVES')].join(' ')); // prettier-ignore
  if (part !== undefined || (allowed !== undefined && message !== undefined)) console.log(message ?? '');
}
const wrong = all.filter((verdict) => !isRight(verdict));
const forbidden = all.filter(({ allowed }) => allowed === undefined);
const caught = forbidden.filter(({ caughtBy }) => caughtBy !== null);
console.log(`${caught.length} of ${forbidden.length} broken engines are caught, ${all.length - forbidden.length} others are allowed.`);
for (const { name, allowed } of wrong) console.error(`${allowed === undefined ? 'survives' : 'is allowed, but fails'}: ${name}`);
if (wrong.length > 0) process.exitCode = 1;
if (part === undefined) writeFileSync(new URL(`../../${KILLS}`, import.meta.url), `${JSON.stringify(all, undefined, 1)}\n`);
