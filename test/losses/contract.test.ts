import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backendOf, losses, nll, ops, robustMean, samLogProbs, type LossName, type Nested } from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { claims, LARGE_REWARD, LARGEST_LOGP, LARGEST_REWARD, otherFunctions, type Claim } from '../../tools/docs/claims.js';
import { callOf } from '../support/calls.js';
import { emptied } from '../support/emptied.js';
import {
  derivatives,
  epsilon,
  expectNoLeak,
  flatten,
  isArrays,
  isReadable,
  read,
  tensor,
  type X,
  valueAndGradsOn,
} from '../support/engine.js';
import {
  asTensors,
  batchFor,
  fieldsAt,
  goldenOptions,
  isListLoss,
  logpsOf,
  names,
  ofFields,
  optionsOf,
  refill,
  rowsOf,
  sampleOf,
  statisticUse,
  summed,
  trainedOf,
  valuesOf,
  type Fields,
  type Options,
  type Row,
} from '../support/lossSamples.js';

// What holds for every loss of the catalogue: the statements of docs/contract.md, except on ranges and bad input.

const files = import.meta.glob<string>('./*.test.ts', { query: '?raw', import: 'default', eager: true });

it.each(names)('%s has a file of its own, which states its cost', (name) => {
  expect(files[`./${name}.test.ts`]).toContain(`itCosts('${name}', `);
});

/** Tests that nothing contradicts a claim; of an exception, that something does. */
function itHolds({ title, predicate, exceptions }: Claim, name: LossName, contradictions: () => Promise<string[]>): void {
  const reason = exceptions[name];
  it(reason === undefined ? predicate : `is an exception to "${title}": ${reason}`, async () => {
    const found = await contradictions();
    if (reason === undefined) expect(found).toEqual([]);
    else expect(found).not.toEqual([]);
  });
}

/** The places where two lists of numbers differ. */
const differences = (what: string, actual: readonly number[], expected: readonly number[], tolerance: number): string[] =>
  expected.length === actual.length
    ? expected.flatMap((x, i) => (Math.abs(actual[i]! - x) <= tolerance ? [] : [`${what}, ${i}: ${actual[i]!}, expected ${x}`]))
    : [`${what}: ${actual.length} values, expected ${expected.length}`];

const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs), 1);

const reversed = <V>(record: Readonly<Record<string, V>>): Record<string, V> =>
  Object.fromEntries(Object.entries(record).map(([key, x]) => [key, Array.isArray(x) ? ([...x].reverse() as V) : x]));

/** The values of a field as plain as they can be: booleans, a typed array, or lists. */
function plain(key: string, x: Nested): X {
  if (key === 'desirable' || key === 'mask' || key === 'tie') return booleans(x);
  return typeof x !== 'number' && typeof x[0] === 'number' ? Float64Array.from(x as number[]) : x;
}

const booleans = (x: Nested): X => (typeof x === 'number' ? x !== 0 : x.map(booleans));

describe.each(names)('%s', (name) => {
  const { fields, options } = sampleOf(name);
  const call = callOf(name);
  const { perExample } = losses[name];

  itHolds(claims.values, name, async () => {
    const values = await valuesOf(name, fields, options);
    const back = await valuesOf(name, reversed(fields), reversed(options));
    return [...differences('shape', [values.length], [5], 0), ...differences('value', back.reverse(), values, epsilon * largest(values))];
  });

  itHolds(claims.plain, name, async () => {
    const computed = Object.keys(fields).filter((key) => trainedOf(fields).includes(key) || key.endsWith('Kl'));
    const inputs = computed.map((key) => fields[key]!);
    const withPlain = (...xs: X[]): X => {
      const given = Object.fromEntries(computed.map((key, i) => [key, xs[i]]));
      return call({ ...Object.fromEntries(Object.entries(fields).map(([key, x]) => [key, plain(key, x)])), ...given }, options);
    };
    const tensors = inputs.map((x) => tensor(x));
    expectNoLeak(() => withPlain(...tensors));
    const numbersOf = async (f: (...xs: X[]) => X): Promise<number[]> => {
      const { value, grads } = await derivatives(f, inputs);
      return [value, ...grads.flatMap((g) => flatten(g as Values))];
    };
    const expected = await numbersOf(ofFields(name, fields, options, computed));
    return differences('value or gradient', await numbersOf(withPlain), expected, 4 * epsilon * largest(expected));
  });

  itHolds(claims.parts, name, async () => {
    const wrt = trainedOf(fields);
    const whole = await summed(name, fields, options, wrt);
    const parts = await Promise.all(
      [[0, 2], [2, 5]].map(([from, to]) => summed(name, rowsOf(fields, from!, to!), rowsOf(options, from!, to!), wrt)), // prettier-ignore
    );
    const steepest = Math.max(...whole.grads.flat().map(Math.abs));
    return [
      ...differences('value', parts.flatMap((part) => part.loss), whole.loss, epsilon * largest(whole.loss)), // prettier-ignore
      ...wrt.flatMap((key, i) => {
        const joined = parts.flatMap((part) => part.grads[i]!);
        return differences(`gradient by ${key}`, joined, whole.grads[i]!, 4 * epsilon * steepest);
      }),
    ];
  });

  itHolds(claims.empty, name, async () => {
    const [none, noOptions] = [emptied(asTensors(fields)), emptied(optionsOf(options))];
    const wrt = trainedOf(fields);
    const f = (...xs: X[]): X => call({ ...none, ...Object.fromEntries(wrt.map((key, i) => [key, xs[i]])) }, noOptions);
    const values = f(...wrt.map((key) => none[key]));
    const found = [
      ...differences('values', flatten((await read(values)) as Values), [], 0),
      ...differences('shape', ops.shape(values), [0], 0),
    ];
    // An empty list has no other axes to differentiate along.
    if (isArrays) return found;
    const { value, grads } = valueAndGradsOn(values)((xs) => ops.sum<X>(f(...xs)), wrt.map((key) => none[key])); // prettier-ignore
    return [
      ...found,
      ...differences('sum', [(await read(value)) as number], [0], 0),
      ...wrt.flatMap((key, i) => differences(`shape of the gradient by ${key}`, ops.shape(grads[i]), ops.shape(none[key]), 0)),
    ];
  });

  itHolds(claims.gradients, name, async () => {
    const wrt = [...logpsOf(fields), ...Object.keys(fields).filter((key) => /Kl$|^kl$|^nll$|[rR]ewards$/.test(key))];
    const { grads } = await summed(name, fields, options, wrt);
    return wrt.flatMap((key, i) => {
      const expected = slopeOf(name, fields, options, key);
      const slope = grads[i]!.reduce((sum, g, n) => sum + g * direction(n), 0);
      return differences(`slope along ${key}`, [slope], [expected], 1e-3 * largest(grads[i]!));
    });
  });

  itHolds(claims.finite, name, async () => {
    const sets = isReadable ? goldenOptions(name) : goldenOptions(name).slice(0, 1);
    const extreme = fieldsAt(name, EXTREMES, () => [2, 1, 0]);
    return (await Promise.all(sets.map((set) => notFinite(JSON.stringify(set), name, extreme, set)))).flat();
  });

  // Many small calls: engines that are read asynchronously have the fixed cases.
  it.runIf(isReadable)('is finite, and so is its gradient, for any log-probs', () => {
    const logp = fc.double({ min: -LARGEST_LOGP, max: 0, noNaN: true }).map(Math.fround);
    const wrt = logpsOf(fields);
    const count = wrt.reduce((n, key) => n + flatten(fields[key] as Values).length, 0);
    const f = ofFields(name, fields, options, wrt);
    const engine = backendOf<X>(tensor(0));
    fc.assert(
      fc.property(fc.array(logp, { minLength: count, maxLength: count }), (values) => {
        let next = 0;
        const drawn = wrt.map((key) => refill(fields[key]!, () => values[next++]!));
        const numbers = engine.scope(() => {
          const { value, grads } = valueAndGradsOn(tensor(0))((xs) => ops.sum<X>(f(...xs)), drawn.map((x) => tensor(x))); // prettier-ignore
          return { all: ops.concat<X>([value, ...grads].map((x) => ops.reshape<X>(x, [ops.shape(x).reduce((a, b) => a * b, 1)]))) };
        });
        const all = Array.from(engine.peek(numbers.all)!);
        engine.dispose?.(numbers.all);
        if (!all.every(Number.isFinite)) throw new Error(all.join(', '));
      }),
      { numRuns: 30 },
    );
  });

  describe.runIf(isListLoss(name) && fields.rewards !== undefined)('with large rewards', () => {
    const atReward = async (best: number): Promise<string[]> => {
      try {
        return await notFinite(`reward ${best}`, name, { ...fields, rewards: bestAndOthers(fields.rewards!, best, -best) }, options);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return [error.message];
      }
    };
    const atRewards = async (size: number): Promise<string[]> => [...(await atReward(size)), ...(await atReward(-size))];
    itHolds(claims.largeRewards, name, () => atRewards(LARGEST_REWARD));
    it(`is finite for rewards of ${LARGE_REWARD}`, async () => {
      expect(await atRewards(LARGE_REWARD)).toEqual([]);
    });
  });

  it(claims.tensors.predicate, () => {
    const tensors = asTensors(fields);
    const own = optionsOf(options);
    expectNoLeak(() => call(tensors, own));
    const [none, noOptions] = [emptied(tensors), emptied(own)];
    expectNoLeak(() => call(none, noOptions));
  });

  it.each(perExample)('takes %s per example', async (option) => {
    const values = [0.125, 0.5, 1, 0.25, option === 'beta' ? 2 : 0.75];
    const given = optionsOf(options);
    const own = await read(call(asTensors(fields), { ...given, [option]: tensor(values) }));
    const alone = await Promise.all(
      values.map((value, i) => valuesOf(name, rowsOf(fields, i, i + 1), { ...rowsOf(options, i, i + 1), [option]: value })),
    );
    expectClose(own as Values, alone.flat(), { relative: 4 * epsilon, absolute: 4 * epsilon });
  });

  it.each(perExample)('takes %s as a scalar', async (option) => {
    const [tensors, given] = [asTensors(fields), optionsOf(options)];
    const one = await read(call(tensors, { ...given, [option]: 0.25 }));
    // Not to the bit: JavaScript divides by a number in float64, a GPU by a scalar in float32.
    const scalar = await read(call(tensors, { ...given, [option]: tensor(0.25) }));
    expectClose(scalar as Values, one as Values, { relative: 4 * epsilon, absolute: 4 * epsilon });
  });
});

describe('what depends on the rest of the batch', () => {
  it('is what the catalogue says', () => {
    const coupledBy = (coupling: string): LossName[] => names.filter((name) => losses[name].coupling === coupling);
    expect(Object.keys(claims.parts.exceptions)).toEqual(coupledBy('order'));
    const withStatistics = names.filter((name) => losses[name].statistics.length > 0);
    expect(withStatistics).toEqual(coupledBy('statistics'));
  });

  it.each(names.filter((name) => losses[name].coupling === 'statistics'))('%s needs its statistic of the whole batch', async (name) => {
    const { fields, options } = sampleOf(name);
    const { sums, given } = statisticUse(name);
    const numbersOnly = Object.fromEntries(Object.entries(options).filter(([, x]) => !Array.isArray(x)));
    const valuesWith = async (of: X, part: Fields): Promise<number[]> => {
      const statistic = given(of);
      const all = { ...asTensors(part), ...statistic.fields };
      return flatten((await read(callOf(name)(all, { ...numbersOnly, ...statistic.options }))) as Values);
    };
    const of = (part: Fields): X => sums(batchFor(name, part));
    const part = rowsOf(fields, 0, 2);
    const whole = await valuesWith(of(fields), fields);
    expectClose(await valuesWith(of(fields), part), whole.slice(0, 2), { relative: 4 * epsilon });
    expect(differences('value', await valuesWith(of(part), part), whole.slice(0, 2), 1e-3)).not.toEqual([]);
  });

  const numbers = async (x: X): Promise<number[]> => flatten((await read(x)) as Values);
  const logps = [[-1, -2, -3, -4], [-5, -6, -7, -8], [-9, -10, -11, -12]]; // prettier-ignore
  const masks = {
    chosen: [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0]], // prettier-ignore
    rejected: [[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]], // prettier-ignore
  };
  const rows = (from: number, to: number) => tensor(logps.slice(from, to));
  const OTHERS: Record<keyof typeof otherFunctions, (from: number, to: number) => X> = {
    nll: (from, to) => nll<X>(rows(from, to), tensor(masks.chosen.slice(from, to))),
    robustMean: (from, to) => robustMean<X>(tensor([1, 2, 3].slice(from, to))),
    samLogProbs: (from, to) => {
      const [chosen, rejected] = [masks.chosen, masks.rejected].map((mask) => tensor(mask.slice(from, to)));
      const { chosen: sums } = samLogProbs<X>({ chosen: rows(from, to), rejected: rows(from, to) }, { chosen, rejected }, { seed: 2 });
      return ops.sum(sums);
    },
  };
  it.each(Object.keys(OTHERS) as (keyof typeof OTHERS)[])('%s of a batch is not the sum over its parts', async (name) => {
    const ofRows = (from: number, to: number): Promise<number[]> => numbers(OTHERS[name](from, to));
    const [whole, ...parts] = await Promise.all([ofRows(0, 3), ofRows(0, 1), ofRows(1, 3)]);
    const sum = parts.flat().reduce((a, b) => a + b);
    expect(differences('sum', [sum], whole, 1e-3)).not.toEqual([]);
  });
});

/** What is not finite in values and gradients. */
async function notFinite(what: string, name: LossName, fields: Fields, options: Options): Promise<string[]> {
  const check = (part: string, values: readonly number[]): string[] =>
    values.every(Number.isFinite) ? [] : [`${what}, ${part}: ${values.join(', ')}`];
  const values = check('values', await valuesOf(name, fields, options));
  const wrt = logpsOf(fields);
  const { grads } = await summed(name, fields, options, wrt);
  return [...values, ...wrt.flatMap((key, i) => check(`gradient by ${key}`, grads[i]!))];
}

/** Every combination of a log-prob of 0 and the lowest one, and log-probs just below 0; each twice, for losses with labels. */
const EXTREMES: readonly Row[] = [
  ...combinations(0, -LARGEST_LOGP),
  { policy: [-1e-30, -1e-30] as const, reference: [-1e4, -1e4] as const },
].flatMap((row) => [row, row]);

function combinations(a: number, b: number): Row[] {
  const sides = [[a, a], [a, b], [b, a], [b, b]] as const; // prettier-ignore
  return sides.flatMap((policy) => sides.map((reference) => ({ policy, reference })));
}

/** Lists whose first candidate has one value, and all others another one. */
const bestAndOthers = (x: Nested, best: number, other: number): Nested =>
  (x as Nested[]).map((row) => (row as number[]).map((_, k) => (k === 0 ? best : other)));

/** A direction to differentiate along. */
const direction = (n: number): number => Math.sin(3 * n + 1);

/** The derivative of the summed values along that direction of one field, in float64, whatever is detached. */
function slopeOf(name: LossName, fields: Fields, options: Options, key: string): number {
  const step = 1e-4;
  const at = (offset: number): number => {
    let n = 0;
    const moved = refill(fields[key]!, (x) => x + offset * direction(n++));
    return flatten(callOf(name)({ ...fields, [key]: moved }, options) as Values).reduce((a, b) => a + b);
  };
  return (at(step) - at(-step)) / (2 * step);
}
