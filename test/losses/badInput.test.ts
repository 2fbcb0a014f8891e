import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { lossNamed, losses, registerBackend, type LossName, type Nested } from '../../src/index.js';
import { refused, refusesPositive, unchecked } from '../../tools/docs/claims.js';
import { Boxed, boxed } from '../support/boxed.js';
import { callOf } from '../support/calls.js';
import { flatten, isArrays, isFloat64, isReadable, isTfjs, liveTensors, read, tensor, type X } from '../support/engine.js';
import {
  asTensors,
  batchFor,
  firstOf,
  goldenOptions,
  isComputed,
  isListLoss,
  logpsOf,
  names,
  optionNames,
  optionsOf,
  refill,
  sampleOf,
  summed,
  trainedOf,
  valuesOf,
  type Fields,
} from '../support/lossSamples.js';

// The errors of every loss on bad input, and what is not checked: the last part of docs/contract.md.

/** Asserts that a loss throws an error that names it and what is wrong, and that it leaves no tensor behind. */
function expectRefusal(name: LossName, batch: X, options: X, kind: typeof TypeError | typeof RangeError, message: string): void {
  const before = liveTensors();
  const { loss } = lossNamed(name);
  let thrown: unknown;
  try {
    loss(batch, options);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(kind);
  expect((thrown as Error).message).toMatch(new RegExp(`^${name}: .*${message}`));
  expect(liveTensors() - before).toBe(0);
}

type Path = readonly string[];

/** The fields of a batch, by the path to each. */
const fieldsOf = (batch: X): Path[] =>
  Object.entries(batch as object)
    // The errors of statistics are in the tests of alphaDpo.
    .filter(([key]) => key !== 'statistics')
    .flatMap(([key, x]) =>
      ['policy', 'reference', 'lengths', 'rewards', 'sequentialKl'].includes(key) && 'chosen' in (x as object)
        ? [[key, 'chosen'], [key, 'rejected']] // prettier-ignore
        : [[key]],
    );

/** The batch with another value at a path. */
const withField = (batch: X, [key, side]: Path, value: X): X =>
  side === undefined ? { ...batch, [key!]: value } : { ...batch, [key!]: { ...batch[key!], [side]: value } };

/** Lists of a number, as deep as the fields of a loss. */
const listsOf = (name: LossName, rows: number, value = -1): Nested =>
  Array.from({ length: rows }, () => (isListLoss(name) ? [value, value, value] : value));

const OPTIONAL = ['nll', 'mask'];
/** Fields that may be numbers. */
const OR_NUMBERS = ['nll', 'kl'];
const CHOICES = ['divergence', 'error', 'transform', 'partition'];
const INTEGERS = ['desirable', 'lengths', 'tie'];

/** The labels of the sample of a loss on single examples. */
const labels = (name: LossName): number[] => sampleOf(name).fields.desirable as number[];

/** Whether the active backend has complex numbers: wasm has none. */
const hasComplex = (): boolean => (tf.getKernel('Complex', tf.getBackend()) as unknown) !== undefined;

/** Each row of the table of errors, for one loss. */
const REFUSALS: Record<keyof typeof refused, (name: LossName, batch: X, options: X) => void | Promise<void>> = {
  batch: (name, _, options) => {
    for (const none of [undefined, null, 1]) expectRefusal(name, none, options, TypeError, '\\w+ is .*, expected \\{ ');
  },
  field: (name, batch, options) => {
    const hasOptionalReference = name === 'ipo' || name === 'hinge';
    const paths = [...fieldsOf(batch), ...Object.keys(batch as object).map((key) => [key])];
    for (const path of paths.filter(([key]) => !OPTIONAL.includes(key!))) {
      if (hasOptionalReference && path.join() === 'reference') continue;
      expectRefusal(name, withField(batch, path, undefined), options, TypeError, `lacks ${path.at(-1)!}, expected \\{ `);
    }
  },
  tensor: (name, batch, options) => {
    for (const path of fieldsOf(batch)) {
      const number = OR_NUMBERS.includes(path[0]!) ? 'number or ' : '';
      expectRefusal(name, withField(batch, path, 'a'), options, TypeError, `${path.join('.')} is not a ${number}tensor`);
    }
  },
  unknownField: (name, batch, options) => {
    const message = 'has an unknown field weights, expected \\{ ';
    expectRefusal(name, { ...batch, weights: tensor([1, 1, 1, 1, 1]) }, options, TypeError, message);
    for (const [key, side] of fieldsOf(batch)) {
      if (side === undefined) continue;
      expectRefusal(name, withField(batch, [key!], { ...batch[key!], weights: 1 }), options, TypeError, `${key!} ${message}`);
    }
  },
  dtype: (name, batch, options) => {
    const whole = tensor(listsOf(name, 5), 'int');
    for (const path of fieldsOf(batch).filter(([key]) => !INTEGERS.includes(key!)))
      expectRefusal(name, withField(batch, path, whole), options, TypeError, `${path.join('.')} has dtype int, expected float`);
    if (!isTfjs) return;
    const ones = tensor(listsOf(name, 5)) as tf.Tensor;
    const strings = tf.tensor(new Array<string>(ones.size).fill('a'), ones.shape);
    const others = [strings, ...(hasComplex() ? [tf.complex(ones, ones)] : [])];
    for (const path of fieldsOf(batch)) {
      for (const x of others) expectRefusal(name, withField(batch, path, x), options, TypeError, `has dtype ${x.dtype}, expected `);
    }
    for (const option of losses[name].perExample)
      expectRefusal(name, batch, { ...options, [option]: tf.scalar('a') }, TypeError, `${option} has dtype string, expected float`);
  },
  engines: (name, batch, options) => {
    const unregister = registerBackend(boxed);
    for (const path of fieldsOf(batch).slice(1)) {
      const values = listsOf(name, 5);
      expectRefusal(name, withField(batch, path, new Boxed(values)), options, TypeError, `${path.join('.')} is on the engine boxed`);
      // In memory, a list may stand beside a tensor.
      if (isFloat64 || !isComputed(path[0]!)) continue;
      expectRefusal(name, withField(batch, path, values), options, TypeError, `${path.join('.')} is on the engine arrays`);
    }
    unregister();
  },
  disposed: (name, batch, options) => {
    for (const path of fieldsOf(batch)) {
      const x = tensor(listsOf(name, 5)) as tf.Tensor;
      x.dispose();
      expectRefusal(name, withField(batch, path, x), options, TypeError, `${path.join('.')} is disposed`);
    }
    for (const option of losses[name].perExample) {
      const x = tensor([1, 1, 1, 1, 1]) as tf.Tensor;
      x.dispose();
      expectRefusal(name, batch, { ...options, [option]: x }, TypeError, `${option} is disposed`);
    }
  },
  shape: (name, batch, options) => {
    const shorter = tensor(listsOf(name, 4));
    const deeper = tensor([listsOf(name, 5)]);
    // The first field sets the shape, so if it is shorter another one is named.
    const like = firstOf(name).replace('.', '\\.');
    for (const path of fieldsOf(batch)) {
      const message = `has shape \\[\\d.*\\], expected \\[\\d.*\\] like ${like}$`;
      if (fieldsOf(batch).length > 1) expectRefusal(name, withField(batch, path, shorter), options, RangeError, message);
      expectRefusal(name, withField(batch, path, deeper), options, RangeError, `${path.join('.')} has shape \\[.*\\], expected `);
    }
  },
  empty: (name, batch, options) => {
    const none = tensor([[], []]);
    expectRefusal(
      name,
      withField(batch, fieldsOf(batch)[0]!, none),
      options,
      RangeError,
      'policy has shape \\[2, 0\\], expected no empty axis',
    );
    const one = tensor([[-1], [-1]]);
    const all = fieldsOf(batch).reduce((x: X, path) => withField(x, path, one), batch);
    expectRefusal(name, all, options, RangeError, 'policy has shape \\[2, 1\\], expected at least 2 candidates');
  },
  labels: (name, batch, options) => {
    const field = isListLoss(name) ? 'mask' : losses[name].kind === 'examples' ? 'desirable' : 'tie';
    const wrong = tensor((listsOf(name, 5, 1) as Nested[]).map((x, i) => (i === 1 ? refill(x, () => 2) : x)));
    return expectBadValue(name, { ...batch, [field]: wrong }, options, `of ${field} must be 0 or 1, got 2`);
  },
  positive: async (name, batch, options) => {
    for (const [key] of fieldsOf(batch).filter(([field]) => logpsOf(sampleOf(name).fields).includes(field!))) {
      const at = (value: number): X => ({ ...batch, [key!]: tensor((listsOf(name, 5) as Nested[]).map((x, i) => (i === 1 ? refill(x, () => value) : x))) }); // prettier-ignore
      await expectBadValue(name, at(0.5), options, `of ${key!} must be at most 0, got 0.5`);
      const { loss } = lossNamed(name);
      expect(flatten((await read(loss(at(1e-6), options))) as never).every(Number.isFinite)).toBe(true);
    }
  },
  data: async (name, batch, options) => {
    const [field, wrong, words] = 'target' in batch ? ['target', NaN, 'finite'] : ['quantile', 1.5, 'in \\[0, 1\\]'];
    const values = tensor([0, 1, 2, 3, 4].map((i) => (i === 1 ? wrong : 0.5)));
    await expectBadValue(name, { ...batch, [field as string]: values }, options, `of ${field} must be ${words}, got ${wrong}`);
  },
  rewards: async (name, batch, options) => {
    for (const side of ['chosen', 'rejected']) {
      for (const value of [NaN, Infinity]) {
        const wrong = withField(batch, ['rewards', side], tensor([1, value, 1, 1, 1]));
        await expectBadValue(name, wrong, options, `of rewards.${side} must be finite, got ${value}`);
      }
    }
  },
  unknownOption: (name, batch, options) => {
    expectRefusal(name, batch, { ...options, temperature: 1 }, RangeError, 'unknown option temperature, expected ');
  },
  options: (name, batch) => {
    for (const none of [null, 'a', 1]) expectRefusal(name, batch, none, TypeError, 'options is .*, expected a plain object');
    for (const hidden of [
      new Map([['beta', 0.1]]),
      Object.create({ beta: 0.1 }),
      Object.create(Object.assign(Object.create(null), { beta: 0.1 })),
      [],
    ]) {
      expectRefusal(name, batch, hidden, TypeError, 'options is .*, expected a plain object');
    }
  },
  requiredOption: (name, batch, options) => {
    for (const option of losses[name].required) {
      const isTargetMargin = option === 'gamma' && optionNames(name).includes('gammaBetaRatio');
      const omitted = { ...options, [option]: undefined, ...(isTargetMargin && { gammaBetaRatio: undefined }) };
      expectRefusal(name, batch, omitted, isTargetMargin ? RangeError : TypeError, `\\b${option} `);
    }
  },
  optionType: (name, batch, options) => {
    for (const option of optionNames(name)) {
      const kind = CHOICES.includes(option) ? RangeError : TypeError;
      expectRefusal(name, batch, { ...options, [option]: {} }, kind, `${option} (is|must be) `);
      for (const value of [null, '0.1'])
        expectRefusal(
          name,
          batch,
          { ...options, [option]: value },
          kind,
          `${option} (is not a number or tensor: .*${JSON.stringify(value)}|is ${JSON.stringify(value)}, expected |must be one of )`,
        );
    }
  },
  optionRange: (name, batch, options) => {
    for (const option of optionNames(name)) {
      for (const value of [NaN, Infinity, -Infinity, ...(option === 'beta' ? [0, -1] : [])])
        expectRefusal(name, batch, { ...options, [option]: value }, RangeError, `${option} must be .*, got `);
    }
  },
  optionShape: (name, batch, options) => {
    const perExample: readonly string[] = losses[name].perExample;
    const [two, five] = [tensor([1, 1]), tensor([1, 1, 1, 1, 1])];
    for (const option of optionNames(name)) {
      if (perExample.includes(option)) {
        const message = `${option} has shape \\[2\\], expected \\[5\\] like ${firstOf(name)}`;
        expectRefusal(name, batch, { ...options, [option]: two }, RangeError, message);
      } else if (!CHOICES.includes(option)) {
        expectRefusal(name, batch, { ...options, [option]: five }, TypeError, `${option} is .*, expected a number`);
      }
    }
  },
  optionValues: async (name, batch, options) => {
    for (const option of losses[name].perExample.filter((key) => key !== 'delta')) {
      // An example whose loss has that weight.
      const example = option.endsWith('Weight') ? labels(name).indexOf(option === 'desirableWeight' ? 1 : 0) : 1;
      const wrong = tensor([0, 1, 2, 3, 4].map((i) => (i === example ? NaN : 1)));
      await expectBadValue(name, batch, { ...options, [option]: wrong }, `of ${option} must be .*, got NaN`, example);
    }
  },
};

/** Asserts that a bad value in one example is an error; on engines that cannot read it at the call, that its loss is NaN. */
async function expectBadValue(name: LossName, batch: X, options: X, message: string, example = 1): Promise<void> {
  if (isReadable) {
    expectRefusal(name, batch, options, RangeError, `value \\d+ ${message}`);
    return;
  }
  const { loss } = lossNamed(name);
  const values = flatten((await read(loss(batch, options))) as never);
  expect(values.map(Number.isNaN)).toEqual(values.map((_, i) => i === example));
}

const isRefusingPositive = (name: LossName): boolean => (refusesPositive as readonly string[]).includes(name);

/** Whether a loss, and the engine under test, can be given that kind of bad input. */
function applies(key: keyof typeof refused, name: LossName): boolean {
  const { kind, fields, required, perExample } = losses[name];
  if (key === 'dtype') return !isArrays;
  if (key === 'disposed') return isTfjs;
  if (key === 'empty') return isListLoss(name);
  if (key === 'data') return (fields as readonly string[]).some((field) => field === 'target' || field === 'quantile');
  if (key === 'labels') return kind === 'examples' || isListLoss(name) || (fields as readonly string[]).includes('tie');
  if (key === 'rewards') return kind === 'pairs' && (fields as readonly string[]).includes('rewards');
  if (key === 'requiredOption') return required.length > 0;
  if (key === 'optionValues') return perExample.length > 0;
  if (key === 'positive') return isRefusingPositive(name);
  return !['optionType', 'optionRange', 'optionShape'].includes(key) || optionNames(name).length > 0;
}

describe.each(names)('%s refuses', (name) => {
  const { fields, options } = sampleOf(name);
  const rows = (Object.keys(refused) as (keyof typeof refused)[]).filter((key) => applies(key, name));

  it.each(rows.map((key) => [...refused[key], REFUSALS[key]] as const))('%s: %s', async (_input, _kind, check) => {
    await check(name, batchFor(name, fields), optionsOf(options));
  });
});

describe.each(names)('%s does not check', (name) => {
  const { fields, options } = sampleOf(name);
  const wrt = [...logpsOf(fields), ...('rewards' in fields ? ['rewards'] : [])];
  /** The losses if the second example has that value, for a list its first candidate. */
  const withValue = (key: string, value: number): Promise<number[]> => {
    const put = (x: Nested): Nested => (typeof x === 'number' ? value : [value, ...x.slice(1)]);
    return valuesOf(name, { ...fields, [key]: (fields[key] as Nested[]).map((x, i) => (i === 1 ? put(x) : x)) }, options);
  };

  /** The losses, or none if that is an error. */
  const outcome = (key: string, value: number): Promise<number[]> =>
    withValue(key, value).catch((error: unknown) => {
      if (error instanceof RangeError) return [];
      throw error;
    });

  it(unchecked.nan.input, async () => {
    const plain = await valuesOf(name, fields, options);
    const all = await Promise.all(wrt.map((key) => outcome(key, NaN)));
    const asStated = all.every((values) => plain.every((x, i) => (i === 1 ? Number.isNaN(values[i]) : values[i] === x)));
    // Where values cannot be read, a NaN reward of `lipo` makes the loss NaN, too.
    expect(asStated).toBe(!(name in unchecked.nan.exceptions) || (name === 'lipo' && !isReadable));
  });

  it(unchecked.infinite.input, async () => {
    const all = await Promise.all(wrt.flatMap((key) => [outcome(key, Infinity), outcome(key, -Infinity)]));
    expect(all.some((values) => values.length === 0)).toBe(isReadable && name in unchecked.infinite.exceptions);
  });

  // A GPU need not have infinities.
  it.runIf(isReadable)(unchecked.minusInfinity.input, async () => {
    // The first two examples have different labels.
    const places = (isListLoss(name) ? [0, 1] : [0]).flatMap((candidate) => [0, 1].map((example) => [example, candidate] as const));
    // A quantile that every transform takes.
    const usual: Fields = 'quantile' in fields ? { ...fields, quantile: [0.5, 0.5, 0.5, 0.5, 0.5] } : fields;
    const wrong: string[] = [];
    for (const own of [options, ...goldenOptions(name)]) {
      for (const key of logpsOf(fields)) {
        for (const [example, candidate] of places) {
          const at = (value: number): Fields => {
            const put = (x: Nested): Nested => (typeof x === 'number' ? value : x.map((y, k) => (k === candidate ? value : y)));
            return { ...usual, [key]: (fields[key] as Nested[]).map((x, i) => (i === example ? put(x) : x)) };
          };
          const [near, far] = await Promise.all([-5e4, -1e5].map((value) => valuesOf(name, at(value), own)));
          const { loss, grads } = await summed(name, at(-Infinity), own, trainedOf(fields));
          const isBounded = loss.map((_, i) => Math.abs(far![i]! - near![i]!) < 1e-3 * Math.max(1, Math.abs(near![i]!)));
          const limits = loss.map((_, i) => (isBounded[i] ? far![i]! : Math.sign(far![i]! - near![i]!) * Infinity));
          const isLimit = limits.every((limit, i) => limit === loss[i] || Math.abs(limit - loss[i]!) < 1e-3 * Math.max(1, Math.abs(limit)));
          const hasGradient = !isBounded.every(Boolean) || grads.flat().every(Number.isFinite);
          if (!isLimit || !hasGradient) wrong.push(`${key} ${example} ${candidate} ${JSON.stringify(own)}: ${loss.join()}, limits ${limits.join()}, gradients ${grads.join()}`); // prettier-ignore
        }
      }
    }
    const isKnown: Partial<Record<LossName, RegExp>> = { fDpo: /"chiSquaredKl".*: .*Infinity/, alphaDpo: /^policy.*: .*NaN/ };
    if (name in unchecked.minusInfinity.exceptions)
      expect(wrong.filter((line) => !(isKnown[name] ?? /^reference .*: .*NaN/).test(line))).toEqual([]);
    expect(wrong.length > 0, wrong.join('\n')).toBe(name in unchecked.minusInfinity.exceptions);
  });

  it.runIf(losses[name].logps !== 'none' && !isRefusingPositive(name))(unchecked.positive.input, async () => {
    for (const key of logpsOf(fields)) expect((await withValue(key, 5)).every(Number.isFinite)).toBe(true);
  });
});

it('dpo is 0 if policy.chosen is Infinity', async () => {
  const { fields, options } = sampleOf('dpo');
  const chosen = (fields.policyChosen as number[]).map(() => Infinity);
  expect(await valuesOf('dpo', { ...fields, policyChosen: chosen }, options)).toEqual([0, 0, 0, 0, 0]);
});

it(`the statistics are not checked: ${unchecked.statistic.input}`, async () => {
  for (const name of ['kto', 'bco', 'bcoPair'] as const) {
    const { fields, options } = sampleOf(name);
    const nan = tensor([NaN, NaN, NaN, NaN, NaN]);
    const values =
      name === 'kto' ? callOf(name)({ ...asTensors(fields), kl: nan }, options) : callOf(name)(asTensors(fields), { delta: nan });
    expect(flatten((await read(values)) as never).every(Number.isNaN)).toBe(true);
  }
});

it(`the order is not checked: ${unchecked.order.input}`, async () => {
  const { fields, options } = sampleOf('pro');
  const backwards: Fields = Object.fromEntries(
    Object.entries(fields).map(([key, x]) => [key, (x as number[][]).map((row) => [...row].reverse())]),
  );
  const [plain, other] = [await valuesOf('pro', fields, options), await valuesOf('pro', backwards, options)];
  expect(other.every(Number.isFinite)).toBe(true);
  expect(other).not.toEqual(plain);
});
