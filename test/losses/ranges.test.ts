import { describe, expect, it } from 'vitest';
import { losses, type LossName } from '../../src/index.js';
import { ranges, usualRange, type Range } from '../../tools/docs/claims.js';
import { REQUIRED } from '../../tools/docs/axes.js';
import { epsilon, isArrays } from '../support/engine.js';
import { fieldsAt, goldenOptions, names, rowsOf, valuesOf, type Fields, type Options, type Row } from '../support/lossSamples.js';

// The values that every loss can have: the ranges of docs/contract.md.

/** Log-ratios: far from 0, around the targets of losses that have one, and 0. */
const RATIOS = [-1e4, -70, -10, -5, -1, 0, 1, 5, 7, 10, 70, 1e4];

/** Pairs of log-ratios, and random ones. */
const PAIRS = [...RATIOS.flatMap((a) => RATIOS.map((b) => [a, b] as const)), ...randomPairs(400)];

function randomPairs(count: number): (readonly [number, number])[] {
  let state = 1;
  const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  const ratio = (): number => (random() - 0.5) * 10 ** (4 * random());
  return Array.from({ length: count }, () => [ratio(), ratio()] as const);
}

/** The pairs as log-ratios; for losses without a reference, as log-probs of at most 0. */
function fieldsOf(name: LossName): Fields {
  // So far below 0 that log-probs of the policy are not above it.
  const base = -16384;
  const isFree = losses[name].kind.startsWith('referenceFree');
  const rows = PAIRS.map(([a, b]): Row => ({
    policy: isFree ? [-Math.abs(a), -Math.abs(b)] : [base + a, base + b],
    reference: [base, base],
  }));
  return fieldsAt(name, rows, (i) => [i % 2 === 0 ? 1 : 100, 0]);
}

/** The values of all pairs; if the loss sorts its batch, those of a dozen pairs with the same chosen side at a time. */
async function allValues(name: LossName, options: Options): Promise<number[]> {
  const fields = fieldsOf(name);
  if (losses[name].coupling !== 'order') return valuesOf(name, fields, options);
  const dozens = RATIOS.map((_, i) => rowsOf(fields, i * RATIOS.length, (i + 1) * RATIOS.length));
  return (await Promise.all(dozens.map((part) => valuesOf(name, part, options)))).flat();
}

describe.each(names)('%s', (name) => {
  const all: readonly Range[] = ranges[name] ?? [usualRange];
  const required = Object.fromEntries(losses[name].required.map((option) => [option, REQUIRED[option]]));

  it.each(all.map((range) => [range.words, range] as const))('is %s, and comes near both ends', async (_, { low, high, options }) => {
    const values = await allValues(name, { ...required, ...options });
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const rounding = 10 * epsilon;
    expect(least).toBeGreaterThanOrEqual(low - rounding);
    expect(most).toBeLessThanOrEqual(high + rounding);
    if (low === -Infinity) expect(least).toBeLessThan(-50);
    else expect(least).toBeLessThan(low + 1e-3);
    if (high === Infinity) expect(most).toBeGreaterThan(50);
    else expect(most).toBeGreaterThan(high - 1e-3);
  });

  it.runIf(all[0] === usualRange)('is at least 0 with the options of the golden file', async () => {
    for (const own of goldenOptions(name))
      expect(Math.min(...(await allValues(name, own))), JSON.stringify(own)).toBeGreaterThanOrEqual(-10 * epsilon);
  });
});

// The doc comments are the same on every engine.
describe.runIf(isArrays)('the doc comment of', () => {
  const sources = import.meta.glob<string>('../../src/losses/*.ts', { query: '?raw', import: 'default', eager: true });

  it.each(names)('%s states its range', (name) => {
    const [, returns = ''] = /@returns ([^@]*)/.exec(sources[`../../src/losses/${name}.ts`]!) ?? [];
    const text = returns.replaceAll(/\s+\*?\s*/g, ' ');
    for (const { words } of ranges[name] ?? [usualRange])
      expect(
        [words, usualRange.words].some((x) => text.includes(x)),
        text,
      ).toBe(true);
  });
});
