import { describe, expect, it } from 'vitest';
import * as prefloss from '../../src/index.js';
import { losses, type LossEntry } from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { originalRecipes, originals } from '../../tools/docs/originals.js';
import { batchOf } from '../support/calls.js';
import { flatten, isArrays, type X } from '../support/engine.js';
import { fileOf, goldenNames } from '../support/goldens.js';

/** The call of a row, as a function of the values of its names. */
function compiled(call: string): (values: Readonly<Record<string, X>>) => X {
  const names = ['logps', 'batch', 'rewards', 'alpha', 'beta', 'centering', 'delta', 'desirableWeight', 'error', 'eta', 'gamma', 'gammaBetaRatio', 'labelSmoothing', 'lambda', 'margin', 'nu', 'offset', 'partition', 'preference', 'reduction', 'scale', 'tau', 'transform', 'undesirableWeight', 'weight']; // prettier-ignore
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text of the table is under test
  const f = new Function(...Object.keys(prefloss), ...names, `return ${call};`) as (...args: unknown[]) => X;
  return (values) => f(...Object.values(prefloss), ...names.map((name) => values[name] as unknown));
}

// Once is enough: every engine is tested against the same numbers elsewhere.
describe.runIf(isArrays)('a call in the migration table', () => {
  it.each(originals.map((o): [string, (typeof originals)[number]] => [`${o.library} ${o.name}: ${o.call}`, o]))(
    'gives the golden values of %s',
    (_, original) => {
      const { loss, call, source, applies = () => true, timesGolden = () => 1 } = original;
      const file = fileOf(loss);
      // A record holds the values of the first original that agrees, and only the agreement of the others.
      const compared = file.records.filter(
        (r) => (r.source === source || r.agreement?.[source] !== undefined) && applies(r.input, r.options),
      );
      expect(compared.length).toBeGreaterThan(0);
      const run = compiled(call);
      for (const { input, options, outputs } of compared) {
        // `frozen`, a copy of the policy for what the original of nashMd detaches, is no field of its batch.
        const fields = Object.fromEntries(Object.entries(file.inputs[input]!).filter(([key]) => key !== 'frozen'));
        const kind = (losses as Readonly<Record<string, LossEntry>>)[loss]?.kind;
        const batch: X = kind === undefined ? fields : batchOf(kind, fields);
        const logps: X = 'chosen' in fields ? { chosen: fields.chosen, rejected: fields.rejected } : batch;
        const value: X = run({ ...options, logps, batch, rewards: batch });
        const expected = outputs.losses.map((x) => x * timesGolden(options));
        expectClose(flatten(value as Values), expected, { relative: 1e-12, absolute: 1e-12 });
      }
    },
  );
});

describe.runIf(isArrays)('the recipes of the migration table', () => {
  it.each(originalRecipes.map((o): [string, (typeof originalRecipes)[number]] => [`${o.library} ${o.name}`, o]))(
    'are compared with %s',
    (_, { golden, source }) => {
      const compared = fileOf(golden).records.filter((r) => r.agreement?.[source] !== undefined);
      expect(compared.length).toBeGreaterThan(0);
    },
  );

  it('are all that have golden values', () => {
    const listed = originalRecipes.map(({ golden }) => golden).filter((golden) => golden.startsWith('recipes/'));
    expect(listed.sort()).toEqual(goldenNames.filter((name) => name.startsWith('recipes/')).sort());
  });
});
