import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { losses, type LossName } from '../../src/core.js';
import { checkLoss } from '../../src/testing/index.js';
import { axisOf } from '../../tools/docs/axes.js';
import { fresh, paramsOf, viewFrom } from '../../examples/playground/shape/address.js';
import { curvesOf, optionsOf, type Setting } from '../../examples/playground/shape/curves.js';
import { knobsOf, optionNames, usedKnobs, type Knob } from '../../examples/playground/shape/knobs.js';
import { EXAMPLE_BATCH, marksOf } from '../../examples/playground/shape/marks.js';
import anchoredDpo from '../../examples/playground/own/variants/anchoredDpo.js';
import cautiousDpo from '../../examples/playground/own/variants/cautiousDpo.js';
import focalPairs from '../../examples/playground/own/variants/focalPairs.js';
import roundedIpo from '../../examples/playground/own/variants/roundedIpo.js';
import { ROOT } from '../support/runExample.js';

const NAMES = Object.keys(losses) as LossName[];

/** Options without a knob: other names of gamma and of preference, and limits beyond what is drawn. */
const WITHOUT_KNOB = ['gammaBetaRatio', 'dpo labelSmoothing', 'maxExponent', 'clip'];

/** What some knobs need to be used. */
const NEEDS: Readonly<Record<string, Readonly<Record<string, number | string>>>> = {
  'fDpo alpha': { divergence: 'alpha' },
  'fDpo level': { divergence: 'forwardKl' },
  'bradleyTerry centering': { level: 1 },
  'bradleyTerry level': { centering: 1 },
  'dpoShift level': { lambda: 0.5 },
};

/** Values and slopes along the axis. */
function sampled(setting: Setting): number[] {
  const [low, high] = axisOf(setting.name).domain;
  const xs = Array.from({ length: 12 }, (_, i) => low + ((i + 0.5) * (high - low)) / 12);
  return curvesOf(setting).flatMap(({ at }) => xs.flatMap((x) => Object.values(at(x)) as number[]));
}

const withValue = (setting: Setting, knob: Knob, value: number | string): Setting => ({
  name: setting.name,
  values: { ...setting.values, ...NEEDS[`${setting.name} ${knob.name}`], [knob.name]: value },
});

const difference = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe.each(NAMES)('%s in the playground', (name) => {
  it('has a knob for every option of its page', () => {
    const page = readFileSync(join(ROOT, `docs/losses/${name}.md`), 'utf8');
    const table = page.split('## Options')[1]?.split('\n## ')[0] ?? '';
    const documented = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, option]) => option!);
    expect([...optionNames(name)].sort()).toEqual(
      documented.filter((option) => !WITHOUT_KNOB.includes(option) && !WITHOUT_KNOB.includes(`${name} ${option}`)).sort(),
    );
  });

  it('starts at the defaults', () => {
    const needed = losses[name].required as readonly string[];
    const values = fresh(name).values;
    const without: Setting = { name, values };
    const options = optionsOf(without);
    for (const option of Object.keys(options)) {
      if (needed.includes(option)) continue;
      // A value of undefined leaves the option out.
      const omitted = { name, values: { ...values, [option]: undefined as never } };
      expect(sampled(omitted), option).toEqual(sampled(without));
    }
  });

  it('is finite, and every knob moves it from end to end', () => {
    const start = sampled(fresh(name));
    expect(start.every(Number.isFinite)).toBe(true);
    for (const knob of knobsOf(name)) {
      const values = 'choices' in knob ? knob.choices : [knob.low, (2 * knob.low + knob.high) / 3, knob.high];
      const curves = values.map((value) => sampled(withValue(fresh(name), knob, value)));
      expect(curves.flat().every(Number.isFinite), knob.name).toBe(true);
      for (const [i, curve] of curves.slice(1).entries()) expect(difference(curve, curves[i]!), knob.name).toBeGreaterThan(1e-6);
    }
  });

  it('survives the address', () => {
    const knobs = knobsOf(name);
    const moved = knobs.reduce(
      (setting, knob) => withValue(setting, knob, 'choices' in knob ? knob.choices.at(-1)! : knob.high),
      fresh(name),
    );
    const view = { a: moved, b: fresh(name) };
    expect(viewFrom(new URLSearchParams(paramsOf(view).toString()))).toEqual(view);
  });
});

it('hides options that the choices do not have', () => {
  const names = (values: object) => usedKnobs('fDpo', { ...fresh('fDpo').values, ...values }).map((knob) => knob.name);
  expect(names({})).not.toContain('alpha');
  expect(names({ divergence: 'alpha' })).toContain('alpha');
});

it('ignores what an address says wrongly', () => {
  const view = viewFrom(new URLSearchParams('a=dpo&a.beta=-1&a.offset=x&a.nothing=1&b=unknown'));
  expect(view).toEqual({ a: fresh('dpo'), b: undefined });
});

it('marks pairs where they are', () => {
  const batch = {
    source: 'a test',
    policy: { chosen: [-10], rejected: [-30] },
    reference: { chosen: [-12], rejected: [-27] },
    lengths: { chosen: [5], rejected: [10] },
  };
  expect(marksOf('dpo', batch)).toEqual([{ curve: 0, x: 5 }]);
  expect(marksOf('cpo', batch)).toEqual([{ curve: 0, x: 20 }]);
  expect(marksOf('simpo', batch)).toEqual([{ curve: 0, x: 1 }]);
  expect(marksOf('kto', batch)).toEqual([{ curve: 0, x: 2 }, { curve: 1, x: -3 }]); // prettier-ignore
  expect(marksOf('npo', batch)).toEqual([{ curve: 0, x: 2 }, { curve: 0, x: -3 }]); // prettier-ignore
  expect(marksOf('simNpo', batch)).toEqual([{ curve: 0, x: -2 }, { curve: 0, x: -3 }]); // prettier-ignore
  expect(marksOf('bradleyTerry', batch)).toEqual([]);
  expect(marksOf('dpo', EXAMPLE_BATCH).length).toBe(8);
});

it.each([
  [cautiousDpo, 'pairs'],
  [anchoredDpo, 'pairs'],
  [roundedIpo, 'pairs'],
  [focalPairs, 'referenceFreePairs'],
] as const)('checkLoss reports what the variant $0.name does', async (loss, kind) => {
  const { problems, properties } = await checkLoss(loss, kind);
  expect(problems).toEqual([]);
  expect(properties!.finiteTo).toBe(1e5);
});
