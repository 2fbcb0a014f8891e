import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { backendConformance, conformanceReport } from '../../src/testing/index.js';
import { breaks } from '../../tools/brokenEngines/breaks/index.js';
import { failureOf } from '../../tools/brokenEngines/kills.js';
import { engineWith } from '../../tools/brokenEngines/soundEngine.js';
import { isRight, KILLS, type Verdict } from '../../tools/brokenEngines/verdict.js';
import { fileOf, goldenNames } from '../support/goldens.js';

const verdicts = JSON.parse(readFileSync(new URL(`../../${KILLS}`, import.meta.url), 'utf8')) as Verdict[];

it('the suite was run on every broken engine, caught all that the contract forbids, and nothing else', () => {
  const names = Object.values(breaks).flatMap((all) => all.map(({ name, allowed }) => ({ name, allowed })));
  expect(verdicts.map(({ name, allowed }) => ({ name, allowed }))).toEqual(names);
  expect(new Set(names.map(({ name }) => name)).size).toBe(names.length);
  expect(verdicts.filter((verdict) => !isRight(verdict))).toEqual([]);
});

it('the sound engine passes all checks, those of losses too, and the guide has all their groups', async () => {
  const goldens = Object.fromEntries(goldenNames.map((name) => [name, fileOf(name)]));
  const report = await conformanceReport(backendConformance(engineWith(), { goldens }));
  expect(report.failures).toEqual([]);
  expect(report.groups.losses!.passed).toBeGreaterThan(goldenNames.length);
  const guide = readFileSync(new URL('../../docs/engine.md', import.meta.url), 'utf8').split('## What a failure means')[1]!;
  expect(Array.from(guide.split('\n## ')[0]!.matchAll(/^\| `(.*?)` \|/gm), ([, group]) => group)).toEqual(Object.keys(report.groups));
});

// Each engine meets the check that caught it; `npm run broken-engines` runs the whole suite on all of them.
describe.each(Object.entries(breaks))('broken engines: %s', (_, all) => {
  it.each(all.filter(({ allowed }) => allowed === undefined))('$name', async (broken) => {
    const { caughtBy } = verdicts.find(({ name }) => name === broken.name)!;
    expect(await failureOf(broken, caughtBy!)).toEqual({ check: caughtBy, message: expect.stringMatching(/Error: \S/) as string });
  });
});
