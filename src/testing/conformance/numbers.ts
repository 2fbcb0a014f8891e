import { abs, add, div, equal, exp, expm1, greater, greaterEqual, log, log1p, logSumExp, max, maximum, minimum, mul, neg, pow, relu, reshape, sigmoid, softplus, sort, sqrt, square, sub, sum, cumsum, where } from '../../backend/ops.js'; // prettier-ignore
import { bools, floats, ints, type Accuracy, type AnyTensor, type CaseGroup, type Input, type ValueCase } from './valueCase.js';

const FAR = [-1e4, -200, -88, -80, -40, -30, -17, -16, -12, -5, -0.5, 0, 0.5, 2, 5, 7, 10, 16, 20, 40, 87, 90, 200, 1e4];
const SMALL = [1e-30, -1e-30, 1e-12, -1e-7, 3e-5, -0.002, 0.3, -0.49, 0.51];
const powers = (f: (k: number) => number, from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => f(from + i));

type Sweep = readonly [f: (x: AnyTensor) => AnyTensor, at: readonly number[], gradient?: 'each' | 'none'];

/** Arguments at which formulas overflow, cancel, or lose digits. */
const SWEEPS: Readonly<Record<string, Readonly<Record<string, Sweep>>>> = {
  log: {
    'below 1': [log, powers((k) => 1 - 2 ** -k, 1, 24)],
    'just below powers of 2': [log, powers((k) => 2 ** k * (1 - 2 ** -22), -30, 30)],
    'of powers of 2 and numbers above them': [log, [...powers((k) => 2 ** k, -60, 60), ...powers((k) => 1 + 2 ** -k, 1, 23)]],
    'of the smallest and largest numbers': [log, [1e-37, 1e-30, 1e-12, 1e12, 1e30, 3e38]],
  },
  exp: {
    'from -87 to 87': [exp, powers((k) => k * 1.45, -60, 60)],
    'beyond the range': [exp, [-1e30, -1e4, -200], 'none'],
  },
  expm1: {
    'near 0': [expm1, SMALL],
    'far from 0': [expm1, [-87, -30, -17, -5, -1, 1, 5, 17, 30, 87]],
  },
  log1p: {
    'near 0': [log1p, SMALL],
    'far from 0': [log1p, [-1 + 2 ** -20, -0.999, -0.9, -0.6, 0.7, 3, 1e4, 1e30]],
  },
  softplus: {
    'from -1e4 to 1e4': [softplus, FAR],
    'near 0': [softplus, powers((k) => k / 16, -32, 32)],
  },
  sigmoid: {
    'from -1e4 to 1e4': [sigmoid, FAR],
    'near 0': [sigmoid, powers((k) => k / 16, -32, 32)],
  },
  div: { 'of small and large numbers': [(x) => div(x, 1e15), [1e-20, 3e-21, 1, 1e15, 3e30]] },
  sqrt: { 'of small and large numbers': [sqrt, [1e-30, 1e-12, 0.25, 2, 3, 1e12, 1e30]] },
  pow: { 'of 2.5': [(x) => pow(x, 2.5), [1e-6, 0.25, 2, 3, 1e6]], 'of 0': [(x) => pow(0, x), [1, 1.5, 2, 30], 'none'] },
};

const sweepsOf = (name: string): ValueCase[] =>
  Object.entries(SWEEPS[name]!).map(([what, [f, at, gradient = 'each']]): ValueCase => ({
    name: `${name} ${what}`,
    inputs: [floats([...at])],
    f,
    kind: 'float',
    accuracy: 'function',
    gradient,
  }));

const MANY = 300_000;

const longSums = (): ValueCase[] => {
  const ofValues = (name: string, values: Input, f: (x: AnyTensor) => AnyTensor = (x) => sum(x)): ValueCase => ({
    name,
    inputs: [values],
    f,
    kind: 'float',
    accuracy: 'sum',
    gradient: 'none',
  });
  const same = new Array<number>(MANY).fill(0.1);
  return [
    ofValues(`sum of ${MANY} times 0.1`, floats(same)),
    ofValues(`sum of ${MANY} different numbers`, floats(same.map((_, i) => ((i * 7919) % 1000) / 999))),
    ofValues(`sum over the last axis of [2, ${MANY / 2}]`, floats([same.slice(MANY / 2), same.slice(MANY / 2)]), (x) => sum(x, -1)),
    { ...ofValues('the gradient of a long sum', floats(same.slice(0, 10_000))), gradient: 'largest' },
  ];
};

/** A case whose values are moved, compared or not finite: nothing is rounded. */
const exact = (name: string, inputs: readonly Input[], f: ValueCase['f'], kind: ValueCase['kind'] = 'float'): ValueCase => ({
  name,
  inputs,
  f,
  kind,
  accuracy: 'exact',
  gradient: 'none',
});

const notFinite = (): ValueCase[] => [
  exact('log of a negative number', [floats([-1])], log),
  exact('log of 0', [floats([0])], log),
  exact('log1p of -1 and below', [floats([-1, -1.5, -2])], log1p),
  exact('exp of -Infinity', [floats([-Infinity])], exp),
  exact('maximum, minimum of infinities', [floats([Infinity, -Infinity]), floats([1, 1])], (a, b) => sub(maximum(a, b), minimum(a, b))),
  exact('max with -Infinity', [floats([[-Infinity, 2], [-Infinity, -Infinity]])], (x) => max(x, -1)), // prettier-ignore
  exact('max far below 0', [floats([[-1e30, -2e30], [-3e38, -1e19]])], (x) => max(x, -1)), // prettier-ignore
  { ...exact('logSumExp with -Infinity', [floats([[-Infinity, 0.5], [1, 2]])], (x) => logSumExp(x)), accuracy: 'function' }, // prettier-ignore
  exact('equal tells neighbours apart', [floats([1, 1e5]), floats([1 + 2 ** -23, 1e5 + 2 ** -7])], equal, 'bool'),
  exact('greater tells neighbours apart', [floats([1 + 2 ** -23, 1]), floats([1, 1 + 2 ** -23])], greater, 'bool'),
  exact('infinities are compared', [floats([Infinity, -Infinity, Infinity]), floats([Infinity, 0, 1])], greaterEqual, 'bool'),
];

const UNARY: Readonly<Record<string, (x: AnyTensor) => AnyTensor>> = {
  neg, abs, square, exp, log, expm1, log1p, softplus, sigmoid, sqrt, relu,
  'add 1': (x) => add(x, 1),
  'subtract from 1': (x) => sub(1, x),
  'multiply by 0': (x) => mul(x, 0),
  'divide by 2': (x) => div(x, 2),
  'pow of 2': (x) => pow(x, 2),
  'a power of 2': (x) => pow(2, x),
}; // prettier-ignore
const BINARY = { add, sub, mul, div, maximum, minimum } as const;
const COMPARISONS = { equal, greater, greaterEqual } as const;

/** NaN in each place of a row. */
const rowsWithNaN = (length: number): number[][] =>
  [0, length >> 1, length - 1].map((place) => Array.from({ length }, (_, i) => (i === place ? NaN : 1 + (i % 5))));

const nans = (): ValueCase[] => [
  ...Object.entries(UNARY).map(([name, f]) => ({ ...exact(`NaN through ${name}`, [floats([NaN, 1])], f), accuracy: 'function' as const })),
  ...Object.entries(BINARY).flatMap(([name, f]) => [
    exact(`NaN through ${name}, first, second and both`, [floats([NaN, 1, NaN, 1]), floats([1, NaN, NaN, 2])], f),
    exact(`NaN through ${name}, broadcast`, [floats([[1], [NaN]]), floats([1, NaN])], f),
    exact(`NaN through ${name}, a scalar first`, [floats(NaN), floats([1, -1])], f),
    exact(`NaN through ${name}, a scalar second`, [floats([1, -1]), floats(NaN)], f),
    exact(`NaN through ${name}, beside a scalar`, [floats([NaN, NaN]), floats(1)], f),
    exact(`NaN through ${name}, after a scalar`, [floats(1), floats([NaN, NaN])], f),
    exact(`NaN through ${name}, beside a number`, [floats([NaN, NaN])], (x) => f(x, 0)),
    exact(`NaN through ${name}, after a number`, [floats([NaN, NaN])], (x) => f(0, x)),
    exact(`NaN through ${name}, a scalar after a number`, [floats(NaN)], (x) => f(0, x)),
    exact(`NaN through ${name}, as a number`, [floats([1, -1])], (x) => f(x, NaN)),
  ]),
  ...[1, 2, 5, 64, 257].flatMap((length) => {
    const x = floats(rowsWithNaN(length));
    return [exact(`NaN through max of ${length}`, [x], (v) => max(v, -1)), exact(`NaN through sum of ${length}`, [x], (v) => sum(v, -1))];
  }),
  exact('NaN through max of all', [floats([[1, NaN], [3, 4]])], (x) => max(x)), // prettier-ignore
  exact('NaN through sum of all', [floats([[1, NaN], [3, 4]])], (x) => sum(x)), // prettier-ignore
  exact('NaN through max of columns', [floats([[1, NaN], [3, 4]])], (x) => max(x, 0)), // prettier-ignore
  exact('NaN through cumsum', [floats([1, NaN, 3])], cumsum),
  ...[0, 3, 6].flatMap((place) => besideNaN(place)),
  ...Object.entries(COMPARISONS).flatMap(([name, f]) => [
    exact(`NaN in ${name}, first, second and both`, [floats([NaN, 1, NaN]), floats([1, NaN, NaN])], f, 'bool'),
    exact(`NaN in ${name}, beside a scalar`, [floats([NaN, 1]), floats(1)], f, 'bool'),
    exact(`NaN in ${name}, after a scalar`, [floats(1), floats([NaN, 1])], f, 'bool'),
    exact(`NaN in ${name}, a scalar`, [floats(NaN), floats([NaN, 1])], f, 'bool'),
    ...[1, NaN].flatMap((number) => [
      exact(`NaN in ${name}, beside the number ${number}`, [floats([NaN, 1, 2])], (x) => f(x, number), 'bool'),
      exact(`NaN in ${name}, after the number ${number}`, [floats([NaN, 1, 2])], (x) => f(number, x), 'bool'),
    ]),
  ]),
];

/** `sort` keeps all values of a row with NaN; where NaN goes is left open. */
function besideNaN(place: number): ValueCase[] {
  const values = [10, 5, 15, 4, 9, 14, 3];
  const row = floats(values.map((x, i) => (i === place ? NaN : x)));
  return [
    exact(`NaN at ${place} stays in sort`, [row], (x) => sum(sort(x))),
    exact(`NaN at ${place} in sort, beside all other values`, [row, floats(values)], (x, all) => max(where(equal(reshape<AnyTensor>(sort(x), [values.length, 1]), all), 1, 0), 0)),
  ]; // prettier-ignore
}

/** `where` with conditions that are not 0 and 1, and with values that must not show on the side not chosen. */
const selections = (): ValueCase[] => {
  const [a, b] = [floats([1, 2, 3, 4, 5]), floats([-1, -2, -3, -4, -5])];
  const ofCondition = (name: string, condition: Input): ValueCase => ({
    ...exact(`where with ${name}`, [condition, a, b], (c, x, y) => where(c, x, y)),
    gradient: 'largest',
  });
  const isFirst = bools([1, 0, 1, 0]);
  const hidden = (name: string, value: number): ValueCase[] => {
    const [x, y] = [floats([1, value, 3, value]), floats([value, 2, value, 4])];
    const named = (what: string, inputs: Input[], f: ValueCase['f'], accuracy: Accuracy = 'exact'): ValueCase => ({
      ...exact(`${name} ${what}`, inputs, f),
      accuracy,
      gradient: 'largest',
    });
    return [
      named('on the side not chosen', [isFirst, x, y], (c, p, q) => where(c, p, q)),
      named('not chosen, beside a number', [isFirst, x], (c, p) => where(c, p, 0.5)),
      named('not chosen, after a number', [isFirst, y], (c, q) => where(c, 0.5, q)),
      named('as a number not chosen', [bools([1, 1]), floats([1, 2])], (c, p) => where(c, p, value)),
      named('not chosen, with a float condition', [floats([1, 0, 2, 0]), x, y], (c, p, q) => where(c, p, q)),
      // The inner where keeps the gradient of log finite.
      named('guarded before a function', [isFirst, x], (c, p) => where(c, log(where(c, p, 1)), 0), 'function'),
    ];
  };
  return [
    ofCondition('floats', floats([1, 0, 1, 0, 1])),
    ofCondition('floats that are not 1', floats([2, 0, -1, 0.5, 1e-30])),
    ofCondition('NaN, which holds', floats([NaN, 0, NaN, 1, 0])),
    ofCondition('infinities', floats([Infinity, 0, -Infinity, 0, 1])),
    ofCondition('integers', ints([1, 0, 2, -3, 256])),
    ofCondition('conditions', bools([1, 0, 0, 1, 1])),
    exact('where with a comparison', [floats([1, -1, 0])], (x) => where(greater(x, 0), x, neg(x))),
    exact('where of conditions gives floats', [bools([1, 1, 0]), bools([1, 0, 1]), bools([0, 1, 1])], (c, x, y) => where(c, x, y)),
    exact('where with two numbers', [floats([2, 0])], (c) => where(c, 7, -7)),
    ...hidden('NaN', NaN),
    ...hidden('Infinity', Infinity),
    ...hidden('-Infinity', -Infinity),
    {
      ...exact('a differentiated input in a comparison', [floats([1, -1, 2])], (x) => where(greater(x, 0), mul(x, 3), x)),
      gradient: 'each',
    },
  ];
};

/** Cases of numbers that formulas lose or must not show. */
export const numberCases = (): CaseGroup[] => [
  ...Object.keys(SWEEPS).map((name) => ({ name, group: 'accuracy', cases: sweepsOf(name) })),
  { name: 'sum', group: 'accuracy', cases: longSums() },
  { name: 'infinities and neighbours', group: 'NaN and infinities', cases: notFinite() },
  { name: 'NaN', group: 'NaN and infinities', cases: nans() },
  { name: 'where', group: 'where', cases: selections() },
];
