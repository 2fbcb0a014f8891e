import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backendOf, losses, ops, type LossName, type Nested } from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { callOf } from '../support/calls.js';
import { derivatives, epsilon, expectError, expectNoLeak, flatten, isArrays, isReadable, read, tensor, type X } from '../support/engine.js';
import { fileOf } from '../support/goldens.js';
import { weight } from '../support/samples.js';

// Properties of every loss in the catalogue.

type Fields = Readonly<Record<string, Nested>>;

const names = Object.keys(losses) as LossName[];

const files = import.meta.glob<string>('./*.test.ts', { query: '?raw', import: 'default', eager: true });

it.each(names)('%s has its own test file, which states its cost', (name) => {
  expect(files[`./${name}.test.ts`]).toContain(`itCosts('${name}', `);
});

/** A realistic batch of five, and options for it. */
function sampleOf(name: LossName): { fields: Fields; options: Readonly<Record<string, X>> } {
  const { inputs, records } = fileOf(name);
  const input = Object.keys(inputs).find((key) => key.startsWith('A_B5'))!;
  const { options } = records.find((record) => record.input === input)!;
  return { fields: inputs[input]!, options };
}

const asTensors = (fields: Fields): Record<string, X> =>
  Object.fromEntries(Object.entries(fields).map(([key, x]) => [key, typeof x === 'number' ? x : tensor(x)]));

/** Rows of every field, and of every option that has one value per example. */
const rowsOf = <V>(record: Readonly<Record<string, V>>, from: number, to: number): Record<string, V> =>
  Object.fromEntries(Object.entries(record).map(([key, x]) => [key, Array.isArray(x) ? (x.slice(from, to) as V) : x]));

const optionsOf = (options: Readonly<Record<string, X>>): Record<string, X> =>
  Object.fromEntries(Object.entries(options).map(([key, x]) => [key, Array.isArray(x) ? tensor(x) : x]));

/** The inputs that the policy computes. */
const trainedOf = (fields: Fields): string[] =>
  Object.keys(fields).filter((key) => /^(policy|chosen|rejected|gold)/.test(key) && !/Lengths|Kl$/.test(key));

/** A loss as a function of the inputs that the policy computes, in the order of `trainedOf`. */
function ofTrained(name: LossName, fields: Fields, options: Readonly<Record<string, X>>): (...xs: X[]) => X {
  const wrt = trainedOf(fields);
  return (...xs) => callOf(name)({ ...asTensors(fields), ...Object.fromEntries(wrt.map((key, i) => [key, xs[i]])) }, optionsOf(options));
}

/** Values, and gradients of `reduce` of them by every trained input. */
async function results(name: LossName, fields: Fields, options: Readonly<Record<string, X>>, reduce = (y: X): X => y) {
  const loss = flatten((await read(callOf(name)(asTensors(fields), optionsOf(options)))) as Values);
  const f = ofTrained(name, fields, options);
  const { grads } = await derivatives(
    (...xs: X[]) => reduce(f(...xs)),
    trainedOf(fields).map((key) => fields[key]!),
  );
  return { loss, grads: grads.map((g) => flatten(g as Values)) };
}

/** Values, and gradients of their sum. */
const summed = (name: LossName, fields: Fields, options: Readonly<Record<string, X>>) =>
  results(name, fields, options, (y) => ops.mul(ops.sum<X>(y), 1 / weight(0)));

describe.each(names)('%s', (name) => {
  const { fields, options } = sampleOf(name);
  const call = callOf(name);
  const { perExample } = losses[name];

  it('leaves no tensor behind except its result', () => {
    const tensors = asTensors(fields);
    const own = optionsOf(options);
    expectNoLeak(() => call(tensors, own));
  });

  it('gives one value per example', async () => {
    expect((await results(name, fields, options)).loss).toHaveLength(5);
  });

  it.runIf(losses[name].coupling !== 'order')('is the same, value and gradient, for a batch in unequal parts', async () => {
    const whole = await summed(name, fields, options);
    const parts = await Promise.all(
      [[0, 2], [2, 5]].map(([from, to]) => summed(name, rowsOf(fields, from!, to!), rowsOf(options, from!, to!))), // prettier-ignore
    );
    expectClose(parts.flatMap((part) => part.loss), whole.loss, { relative: epsilon, absolute: epsilon }); // prettier-ignore
    const largest = Math.max(...whole.grads.flat().map(Math.abs));
    whole.grads.forEach((g, i) => {
      const joined = parts.flatMap((part) => part.grads[i]!);
      expectClose(joined, g, { relative: 0, absolute: (isArrays ? 1e-6 : 4 * epsilon) * largest });
    });
  });

  it.runIf(losses[name].coupling === 'order')('depends on the other examples', async () => {
    const whole = flatten((await read(call(asTensors(fields), options))) as Values);
    const part = flatten((await read(call(asTensors(rowsOf(fields, 0, 2)), options))) as Values);
    expect(part.map((x, i) => Math.abs(x - whole[i]!) < 1e-3)).not.toEqual([true, true]);
  });

  it.each(perExample)('takes %s per example', async (option) => {
    const values = [0.125, 0.5, 1, 0.25, option === 'beta' ? 2 : 0.75];
    const given = optionsOf(options);
    const own = await read(call(asTensors(fields), { ...given, [option]: tensor(values) }));
    const alone = await Promise.all(
      values.map((value, i) =>
        read(call(asTensors(rowsOf(fields, i, i + 1)), { ...optionsOf(rowsOf(options, i, i + 1)), [option]: value })),
      ),
    );
    expectClose(own as Values, alone.flatMap((x) => flatten(x as Values)), { relative: 4 * epsilon, absolute: 4 * epsilon }); // prettier-ignore
  });

  it.each(perExample)('takes %s as a scalar', async (option) => {
    const [tensors, given] = [asTensors(fields), optionsOf(options)];
    const one = await read(call(tensors, { ...given, [option]: 0.25 }));
    // Not to the bit: JavaScript divides by a number in float64, a GPU by a scalar in float32.
    const scalar = await read(call(tensors, { ...given, [option]: tensor(0.25) }));
    expectClose(scalar as Values, one as Values, { relative: 4 * epsilon, absolute: 4 * epsilon });
  });

  it('takes no tensor for its other options', () => {
    const [tensors, given] = [asTensors(fields), optionsOf(options)];
    for (const option of optionNames(name).filter((key) => !perExample.includes(key))) {
      const batch = tensor([0.25, 0.25, 0.25, 0.25, 0.25]);
      expect(() => call(tensors, { ...given, [option]: batch }), option).toThrow(new RegExp(`^${name}: ${option} (is|must be) `));
    }
  });

  it('names an option that it does not know', () => {
    const known = { ...optionsOf(options), temperature: 1 };
    const tensors = asTensors(fields);
    let message = '';
    try {
      call(tensors, known);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      message = (error as Error).message;
    }
    expect(message).toMatch(new RegExp(`^${name}: unknown option temperature, expected `));
  });

  it.each(Object.keys(fields).filter((key) => typeof fields[key] !== 'number' && key in asTensors(fields) && isUsed(name, key)))(
    'names %s of the wrong length',
    (key) => {
      const shorter = { ...asTensors(fields), [key]: tensor((fields[key] as Nested[]).slice(0, 4)) };
      const own = optionsOf(options);
      // The first field sets the length, so that another one is named.
      const like = first(name).replace('.', '\\.');
      expect(() => call(shorter, own)).toThrow(new RegExp(`^${name}: [\\w.]+ has shape \\[\\d.*\\], expected \\[\\d.*\\] like ${like}$`));
    },
  );

  it.each(perExample)('names %s of the wrong length', (option) => {
    const tensors = asTensors(fields);
    const own = { ...optionsOf(options), [option]: tensor([1, 1]) };
    expectError(() => call(tensors, own), RangeError, `${name}: ${option} has shape [2], expected [5] like ${first(name)}`);
  });

  it('names a batch that is undefined or null', () => {
    const loss = losses[name].loss as (batch: unknown, options: unknown) => unknown;
    const message = new RegExp(`^${name}: \\w+ is (undefined|null), expected \\{ `);
    const own = optionsOf(options);
    for (const batch of [undefined, null]) {
      expect(() => loss(batch, own)).toThrow(TypeError);
      expect(() => loss(batch, own)).toThrow(message);
    }
  });

  it.runIf('beta' in options)('names a beta that is not positive', () => {
    const tensors = asTensors(fields);
    const own = optionsOf(options);
    for (const beta of [0, -1, NaN, Infinity]) {
      expectError(() => call(tensors, { ...own, beta }), RangeError, `${name}: beta must be finite and > 0, got ${beta}`);
    }
    expectError(() => call(tensors, { ...own, beta: 'a' }), TypeError, `${name}: beta ${betaWords(name)}`);
  });

  it('is finite, and so is its gradient, at extreme log-probs', async () => {
    for (const extreme of EXTREMES) {
      const { loss, grads } = await results(name, mapFields(name, fields, extreme), options);
      expect([extreme.name, loss.every(Number.isFinite)]).toEqual([extreme.name, true]);
      // On arrays, gradients are differences, which would step over the edge of the domain of log-probs.
      if (isArrays) continue;
      expect([extreme.name, grads.flat().every(Number.isFinite)]).toEqual([extreme.name, true]);
    }
  });

  // Many small calls: engines that are read asynchronously have the fixed cases.
  it.runIf(isReadable)('is finite, and so is its gradient, for any log-probs', () => {
    const logp = fc.double({ min: -1e5, max: 0, noNaN: true }).map(Math.fround);
    const wrt = trainedOf(fields);
    const count = wrt.reduce((n, key) => n + flatten(fields[key] as Values).length, 0);
    const f = ofTrained(name, fields, options);
    const engine = backendOf<X>(tensor(0));
    fc.assert(
      fc.property(fc.array(logp, { minLength: count, maxLength: count }), (values) => {
        let next = 0;
        const drawn = wrt.map((key) => refill(fields[key]!, () => values[next++]!));
        const numbers = engine.scope(() => {
          // On arrays, gradients are differences, which would step over the edge of the domain of log-probs.
          if (isArrays) return { all: flatten(f(...drawn) as Values) as X };
          const { value, grads } = engine.valueAndGrads!((xs) => ops.sum<X>(f(...xs)), drawn.map((x) => tensor(x))); // prettier-ignore
          return { all: ops.concat<X>([value, ...grads].map((x) => ops.reshape<X>(x, [-1]))) };
        });
        const all = Array.from(engine.peek(numbers.all)!);
        engine.dispose?.(numbers.all);
        if (!all.every(Number.isFinite)) throw new Error(all.join(', '));
      }),
      { numRuns: 30 },
    );
  });
});

/** Extreme log-probs of the chosen or best side, and of the others. */
const EXTREMES = [
  { name: 'far ahead', best: 0, other: -1e5 },
  { name: 'far behind', best: -1e5, other: 0 },
  { name: 'both certain', best: 0, other: 0 },
  { name: 'both almost certain', best: -1e-30, other: -1e-30 },
  { name: 'both hopeless', best: -1e5, other: -1e5 },
] as const;

/** The batch with extreme log-probs, and a reference of -1e4 for all. */
function mapFields(name: LossName, fields: Fields, { best, other }: (typeof EXTREMES)[number]): Fields {
  const isList = losses[name].kind.toLowerCase().includes('list');
  const value = (key: string, x: Nested): Nested => {
    if (key.startsWith('reference')) return refill(x, () => -1e4);
    if (!trainedOf(fields).includes(key)) return x;
    if (isList) return (x as Nested[]).map((row) => (row as number[]).map((_, k) => (k === 0 ? best : other)));
    if (key === 'policy') return (x as number[]).map((_, i) => (i % 2 === 0 ? best : other));
    return refill(x, () => (/rejected/i.test(key) ? other : best));
  };
  return Object.fromEntries(Object.entries(fields).map(([key, x]) => [key, value(key, x)]));
}

const refill = (x: Nested, f: () => number): Nested => (typeof x === 'number' ? f() : x.map((row) => refill(row, f)));

/** Two losses on lists have no rewards, though their golden files do; kto takes its estimate ready-made. */
const isUsed = (name: LossName, key: string): boolean =>
  !(key === 'rewards' && !(losses[name].fields as readonly string[]).includes('rewards')) && !key.startsWith('kl');

/** The options of a loss, as the error for an unknown one lists them. */
function optionNames(name: LossName): string[] {
  const { fields } = sampleOf(name);
  try {
    callOf(name)(asTensors(fields), { unknown: 1 });
  } catch (error) {
    const listed = (error as Error).message.split('expected ')[1]!;
    return listed === 'none' ? [] : listed.split(', ');
  }
  throw new Error(`${name} takes an unknown option`);
}

/** The argument whose length all others must have. */
const first = (name: LossName): string => {
  const { kind } = losses[name];
  return kind === 'pairs' ? 'policy.chosen' : kind === 'referenceFreePairs' || kind === 'rewards' ? 'chosen' : 'policy';
};

/** The message about a beta that is neither a number nor, where tensors are accepted, a tensor. */
const betaWords = (name: LossName): string =>
  losses[name].perExample.includes('beta') ? 'is not a tensor: no registered engine owns "a"' : 'is "a", expected a number';
