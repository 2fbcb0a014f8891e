import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {
  AdamW,
  backendOf,
  batchesOf,
  Bema,
  collatePairs,
  collateUnpaired,
  cosineSchedule,
  earlyStopping,
  encodePairs,
  humanlineClamp,
  implicitRewards,
  labelsFromMask,
  ldLogProbs,
  linearSchedule,
  lossNamed,
  losses,
  mismatchCompletions,
  packPairs,
  packSequences,
  pairMetrics,
  parseJsonl,
  sequenceLogProbs,
  tokenLogProbs,
  validationSplit,
  type LossName,
} from '../../../src/index.js';
import { mapLeaves } from '../../../src/testing/leaves.js';
import { checkedCall } from '../../../tools/docs/checked.js';
import { ensure, ensureOurs, property, thrownBy } from '../property.js';
import { anything, edgeNumber, valueOf, type Recipe } from '../values.js';

// Options of any kind: each call throws an error of its own, or returns numbers; nothing hangs, and no tensor is left.

/** Options: names by their place among those of the function, then names of other functions, with values. */
interface Drawn {
  readonly fields: readonly (readonly [name: number, value: Recipe])[];
  /** How the options hold their values. */
  readonly as: 'own' | 'inherited' | 'map' | 'withoutPrototype';
}

const OTHERS = ['beta', 'alpha', 'seed', 'unknown', 'toString', 'constructor', '__proto__', 'length'];

const usual = fc.oneof(
  fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
  fc.constantFrom(0, 1, 2, 0.1, 0.5, -1, 3, true, false, 'sum', 'mean', 'simpo', 'keepEnd', 'forwardKl'),
  fc.array(fc.double({ min: 1e-3, max: 10, noNaN: true }), { minLength: 4, maxLength: 4 }),
);
const value: fc.Arbitrary<Recipe> = fc.oneof(
  { arbitrary: usual.map((plain): Recipe => ({ plain })), weight: 6 },
  { arbitrary: edgeNumber.map((plain): Recipe => ({ plain })), weight: 2 },
  { arbitrary: anything, weight: 2 },
);
const drawn: fc.Arbitrary<Drawn> = fc.record({
  fields: fc.uniqueArray(fc.tuple(fc.nat(12), value), { selector: ([name]) => name, maxLength: 4 }),
  as: fc.oneof({ arbitrary: fc.constant('own' as const), weight: 8 }, { arbitrary: fc.constantFrom('inherited', 'map', 'withoutPrototype'), weight: 1 }), // prettier-ignore
});

function optionsOf({ fields, as }: Drawn, known: readonly string[], required: object = {}): object {
  const names = [...known, ...OTHERS];
  const entries = [...Object.entries(required), ...fields.map(([name, recipe]) => [names[name % names.length]!, valueOf(recipe)] as const)];
  if (as === 'map') return new Map(entries);
  const options = Object.create(as === 'withoutPrototype' ? null : Object.prototype) as object;
  for (const [name, given] of entries)
    Object.defineProperty(options, name, { value: given, enumerable: true, configurable: true, writable: true });
  return as === 'inherited' ? (Object.create(options) as object) : options;
}

/** The options of a function, as its error for an unknown one lists them. */
function namesFrom(call: (options: object) => unknown): string[] {
  try {
    call({ unknown: 1 });
  } catch (error) {
    return ((error as Error).message.split('expected ')[1] ?? '').split(', ').filter((name) => name !== 'none');
  }
  return [];
}

/** Whether an error is that of a value that the caller made to throw. */
const isTheirs = (error: Error): boolean => /refused|revoked|Invalid time value/.test(error.message);

const isModerate = (x: unknown): boolean =>
  typeof x !== 'number' ? !Array.isArray(x) || x.every(isModerate) : x === 0 || (Math.abs(x) >= 1e-3 && Math.abs(x) <= 1e3);

const lossNames = Object.keys(losses) as LossName[];

export const lossOptions = property<{ readonly loss: LossName; readonly options: Drawn; readonly onTensors: boolean }>({
  name: 'a loss with any options throws its own error, or is finite',
  runs: 800,
  input: fc.record({ loss: fc.constantFrom(...lossNames), options: drawn, onTensors: fc.boolean() }),
  findings: [
    { loss: 'dpo', options: { fields: [[0, { hostile: 'cyclicList' }]], as: 'own' }, onTensors: false },
    { loss: 'dpo', options: { fields: [[0, { hostile: 'vastHole' }]], as: 'own' }, onTensors: false },
    { loss: 'dpo', options: { fields: [[0, { nested: 'list', depth: 20_000 }]], as: 'own' }, onTensors: true },
  ],
  holds: async ({ loss: name, options: given, onTensors }) => {
    await tf.setBackend('cpu');
    const { batch, options: own } = checkedCall(name);
    const known = namesFrom((unknown) => lossNamed(name).loss(batch, unknown));
    const before = tf.memory().numTensors;
    const lists = (x: unknown): unknown => (onTensors && Array.isArray(x) ? tf.tensor(x as tf.TensorLike) : x);
    const tensors = mapLeaves(batch, lists) as object;
    const options = optionsOf(given, known, own.options as object);
    const made = tf.memory().numTensors;
    let result: unknown;
    const error = await thrownBy(() => {
      result = lossNamed(name).loss(tensors, options);
    });
    ensure(tf.memory().numTensors - made === Number(onTensors && error === undefined), () => `${tf.memory().numTensors - made} tensors are left`); // prettier-ignore
    if (error === undefined) {
      const values = Array.from(backendOf(result).peek(result)!);
      const isUsual = given.fields.every(([, recipe]) => 'plain' in recipe && isModerate(recipe.plain));
      ensure(values.length === 4, () => `${values.length} values`);
      ensure(!isUsual || values.every(Number.isFinite), () => `is ${values.join()}`);
      if (onTensors) (result as tf.Tensor).dispose();
    } else if (!isTheirs(error)) ensureOurs(error, name);
    tf.dispose(tensors as tf.TensorContainer);
    ensure(tf.memory().numTensors === before, () => 'tensors are left');
  },
});

const sequence = (...tokens: number[]) => ({ tokens, mask: tokens.map((_, t) => Number(t > 0)) });
const PAIRS = [
  { row: 0, chosen: sequence(1, 2, 3), rejected: sequence(1, 4) },
  { row: 1, chosen: sequence(5, 6), rejected: sequence(5, 7) },
];
const EXAMPLES = [
  { row: 0, label: true, promptRow: 0, ...sequence(1, 2, 3) },
  { row: 1, label: false, promptRow: 1, ...sequence(4, 5) },
];
const LOGPS = {
  policy: { chosen: [-1, -2, -3, -4], rejected: [-2, -3, -4, -5] },
  reference: { chosen: [-2, -2, -2, -2], rejected: [-3, -3, -3, -3] },
};
const TOKENS = [[-1, -2], [-3, -4], [-1, -2], [-3, -4]]; // prettier-ignore
const MASK = [[1, 1], [1, 0], [1, 1], [0, 1]]; // prettier-ignore
const LETTERS = { encode: (text: string) => Array.from(text, (character) => character.codePointAt(0)!) };

/** Functions with options, and arguments for them. */
const FUNCTIONS: Readonly<Record<string, (options: never) => unknown>> = {
  batchesOf: (options) => batchesOf([3, 1, 2], options),
  validationSplit: (options) => validationSplit(['a', 'b', 'c', 'd'], options),
  packPairs: (options) => packPairs(PAIRS, options),
  packSequences: (options) => packSequences(EXAMPLES, options),
  collatePairs: (options) => collatePairs(PAIRS, options),
  collateUnpaired: (options) => collateUnpaired(EXAMPLES, options),
  mismatchCompletions: (options) => mismatchCompletions(EXAMPLES, options),
  parseJsonl: (options) => parseJsonl('{"chosen": "a", "rejected": "b"}', options),
  encodePairs: (options) => encodePairs([{ prompt: 'ab', chosen: 'cd', rejected: 'ce' }], LETTERS, options),
  earlyStopping: (options) => earlyStopping({ loss: 1 }, options),
  linearSchedule: (options) => linearSchedule(options)(3),
  cosineSchedule: (options) => cosineSchedule(options)(3),
  AdamW: (options) => {
    new AdamW(options).dispose();
  },
  Bema: (options) => {
    const weight = tf.tidy(() => tf.variable(tf.scalar(1)));
    try {
      new Bema([weight], options).dispose();
    } finally {
      weight.dispose();
    }
  },
  implicitRewards: (options) => implicitRewards(LOGPS, options),
  pairMetrics: (options) => pairMetrics(LOGPS, options),
  humanlineClamp: (options) => humanlineClamp({ policy: TOKENS, reference: TOKENS } as never, options),
  ldLogProbs: (options) => ldLogProbs({ chosen: TOKENS, rejected: TOKENS }, { chosen: MASK, rejected: MASK }, options),
  sequenceLogProbs: (options) => sequenceLogProbs(TOKENS, MASK, options),
  tokenLogProbs: (options) => tokenLogProbs([[1, 2], [3, 4]], [0, 1], options), // prettier-ignore
  labelsFromMask: (options) => labelsFromMask([[1, 2], [3, 4]], [[1, 1], [0, 1]], options), // prettier-ignore
};

export const otherOptions = property<{ readonly name: string; readonly options: Drawn | { readonly instead: Recipe } }>({
  name: 'a function with any options returns, or throws its own error',
  runs: 800,
  input: fc.record({
    name: fc.constantFrom(...Object.keys(FUNCTIONS)),
    options: fc.oneof({ arbitrary: drawn, weight: 8 }, { arbitrary: anything.map((instead) => ({ instead })), weight: 1 }),
  }),
  findings: [
    { name: 'tokenLogProbs', options: { fields: [[0, { record: [['toString', { plain: 1 }]] }]], as: 'own' } },
    { name: 'parseJsonl', options: { fields: [[0, { record: [['toString', { plain: 1 }]] }]], as: 'own' } },
    { name: 'collatePairs', options: { fields: [[0, { plain: 0 }], [1, { plain: 2 ** 32 }]], as: 'own' } }, // prettier-ignore
  ],
  holds: async ({ name, options: given }) => {
    await tf.setBackend('cpu');
    const before = tf.memory().numTensors;
    const call = FUNCTIONS[name] as (options: unknown) => unknown;
    const options = 'instead' in given ? valueOf(given.instead) : optionsOf(given, namesFrom(call));
    const error = await thrownBy(() => call(options));
    ensure(tf.memory().numTensors === before, () => `${tf.memory().numTensors - before} tensors are left`);
    if (error !== undefined && !isTheirs(error)) ensureOurs(error, name);
  },
});
