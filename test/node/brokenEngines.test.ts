import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { breaks } from '../../tools/brokenEngines/breaks/index.js';
import { isRight, KILLS, type Verdict } from '../../tools/brokenEngines/verdict.js';

const verdicts = JSON.parse(readFileSync(new URL(`../../${KILLS}`, import.meta.url), 'utf8')) as Verdict[];

it('the suite was run on every broken engine, caught all that the contract forbids, and nothing else', () => {
  const names = Object.values(breaks).flatMap((all) => all.map(({ name, allowed }) => ({ name, allowed })));
  expect(verdicts.map(({ name, allowed }) => ({ name, allowed }))).toEqual(names);
  expect(new Set(names.map(({ name }) => name)).size).toBe(names.length);
  expect(verdicts.filter((verdict) => !isRight(verdict))).toEqual([]);
});
