import { add, concat, cast, broadcastTo, cumsum, div, equal, exp, expm1, greater, greaterEqual, log, log1p, max, maximum, minimum, mul, neg, abs, pow, reshape, sigmoid, slice, softplus, sort, sqrt, square, stopGradient, sub, sum, take, where } from '../../backend/ops.js'; // prettier-ignore
import { show } from '../../backend/arrays/shapes.js';
import type { DType } from '../../backend/types.js';
import { floats, ints, sample, words, type AnyTensor, type CaseGroup, type Input, type Sample, type ValueCase } from './valueCase.js';

type Unary = (x: AnyTensor) => AnyTensor;
type Binary = (a: AnyTensor, b: AnyTensor) => AnyTensor;

const KINDS: readonly DType[] = ['float', 'int', 'bool'];
const SHAPES: readonly (readonly number[])[] = [[], [5], [2, 3], [2, 3, 4]];
/** Shapes of two operands: each rank alone, and broadcasting to either side and to both. */
const PAIRS: readonly (readonly [readonly number[], readonly number[]])[] = [
  ...SHAPES.map((shape) => [shape, shape] as const),
  ...[[3], [2, 3], [2, 3, 4]].flatMap((shape) => [[shape, []], [[], shape]] as const),
  [[1], [3]], [[3], [1]], [[2, 3], [3]], [[3], [2, 3]], [[2, 1], [1, 3]], [[2, 3], [2, 1]], [[1, 3], [2, 3]],
  [[2, 3, 4], [4]], [[4], [2, 3, 4]], [[2, 1, 4], [3, 1]], [[3, 1], [2, 1, 4]], [[1, 3, 1], [2, 1, 4]], [[2, 2], [2, 2, 2]], [[2, 2, 1], [2]], [[6], [1, 6]], [[0], [0]],
]; // prettier-ignore

/** Integers of integers, otherwise floats. */
const numeric = (...kinds: readonly DType[]): DType => (kinds.every((kind) => kind === 'int') ? 'int' : 'float');
const toFloat = (): DType => 'float';
const toBool = (): DType => 'bool';

type Common = Pick<ValueCase, 'accuracy' | 'gradient'>;

/** Operations on single values. */
const UNARY: Readonly<Record<string, Common & { readonly op: Unary; readonly kind: (x: DType) => DType; readonly sample?: Sample }>> = {
  neg: { op: neg, kind: numeric, accuracy: 'exact', gradient: 'each' },
  abs: { op: abs, kind: numeric, accuracy: 'exact', gradient: 'each' },
  square: { op: square, kind: numeric, accuracy: 'arithmetic', gradient: 'each' },
  exp: { op: exp, kind: toFloat, accuracy: 'function', gradient: 'each' },
  log: { op: log, kind: toFloat, accuracy: 'function', gradient: 'each', sample: { isPositive: true } },
  expm1: { op: expm1, kind: toFloat, accuracy: 'function', gradient: 'each' },
  log1p: { op: log1p, kind: toFloat, accuracy: 'function', gradient: 'each', sample: { isPositive: true } },
  softplus: { op: softplus, kind: toFloat, accuracy: 'function', gradient: 'each' },
  sigmoid: { op: sigmoid, kind: toFloat, accuracy: 'function', gradient: 'each' },
  sqrt: { op: sqrt, kind: toFloat, accuracy: 'function', gradient: 'each', sample: { isPositive: true } },
};

function unaryCases(name: string): ValueCase[] {
  const { op, kind, sample: like, ...common } = UNARY[name]!;
  const ofInput = (input: Input): ValueCase => ({
    ...common,
    name: `${name}(${words(input)})`,
    inputs: [input],
    f: op,
    kind: kind(input.kind),
  });
  return [
    ...[...SHAPES, [0]].map((shape) => ofInput(sample(shape, 'float', like))),
    ...(['int', 'bool'] as const).flatMap((of) => [[], [5], [2, 3]].map((shape) => ofInput(sample(shape, of, like)))),
    { ...common, name: `${name}(x * 1)`, inputs: [sample([5], 'float', like)], f: (x) => op(mul(x, 1)), kind: 'float' },
  ];
}

/** Operations on two values. */
const BINARY: Readonly<
  Record<string, Common & { readonly op: Binary; readonly kind: (a: DType, b: DType) => DType; readonly sample?: Sample }>
> = {
  add: { op: add, kind: numeric, accuracy: 'arithmetic', gradient: 'largest' },
  sub: { op: sub, kind: numeric, accuracy: 'arithmetic', gradient: 'largest' },
  mul: { op: mul, kind: numeric, accuracy: 'arithmetic', gradient: 'largest' },
  div: { op: div, kind: toFloat, accuracy: 'quotient', gradient: 'largest' },
  maximum: { op: maximum, kind: numeric, accuracy: 'exact', gradient: 'largest' },
  minimum: { op: minimum, kind: numeric, accuracy: 'exact', gradient: 'largest' },
  pow: { op: pow, kind: toFloat, accuracy: 'function', gradient: 'largest', sample: { isPositive: true } },
  equal: { op: equal, kind: toBool, accuracy: 'exact', gradient: 'none' },
  greater: { op: greater, kind: toBool, accuracy: 'exact', gradient: 'none' },
  greaterEqual: { op: greaterEqual, kind: toBool, accuracy: 'exact', gradient: 'none' },
};

/** Operations whose gradient is given where both operands are the same. */
const SMOOTH_AT_TIES = ['add', 'sub', 'mul', 'div', 'pow'];

/** Numbers beside tensors: whole, and not. */
const NUMBERS = [2, 0.75];

function binaryCases(name: string): ValueCase[] {
  const { op, kind, sample: like, ...common } = BINARY[name]!;
  const base = { ...common, f: op };
  const ofTwo = (a: Input, b: Input): ValueCase => ({
    ...base,
    name: `${name}(${words(a)}, ${words(b)})`,
    inputs: [a, b],
    kind: kind(a.kind, b.kind),
  });
  // Two conditions divide by 1 alone.
  const second = (shape: readonly number[], of: DType): Input =>
    sample(shape, of, { ...like, seed: 1, ...(name === 'div' && of === 'bool' && { isPositive: true }) });
  const first = (shape: readonly number[], of: DType): Input => sample(shape, of, like);
  const mixed = KINDS.flatMap((a) => KINDS.map((b) => [a, b] as const));
  const withNumber = (input: Input, number: number): ValueCase[] => [
    {
      ...base,
      name: `${name}(${words(input)}, ${number})`,
      inputs: [input],
      f: (x) => op(x, number as never),
      kind: kind(input.kind, 'float'),
    },
    {
      ...base,
      name: `${name}(${number}, ${words(input)})`,
      inputs: [input],
      f: (x) => op(number as never, x),
      kind: kind('float', input.kind),
    },
  ];
  return [
    ...PAIRS.map(([a, b]) => ofTwo(first(a, 'float'), second(b, 'float'))),
    // An operand that is repeated zero times: its gradient is left open, as TensorFlow.js throws.
    { ...ofTwo(first([0], 'float'), second([1], 'float')), gradient: 'none' },
    ...mixed.flatMap(([a, b]) => [
      ofTwo(first([4], a), second([4], b)),
      ofTwo(first([2, 1], a), second([3], b)),
      ofTwo(first([], a), second([3], b)),
    ]),
    ...SHAPES.flatMap((shape) => withNumber(second(shape, 'float'), 2)),
    ...KINDS.flatMap((of) => NUMBERS.flatMap((number) => withNumber(second([4], of), number))),
    ...KINDS.map((of) => ({
      ...base,
      name: `${name}(x, x) of ${words(second([4], of))}`,
      inputs: [second([4], of)],
      f: (x: AnyTensor) => op(x, x),
      kind: kind(of, of),
      // That of x / x is a difference of equal terms.
      ...(name === 'div' && { f: (x: AnyTensor) => add(div(x, x), x), accuracy: 'function' as const }),
      ...(!SMOOTH_AT_TIES.includes(name) && { gradient: 'none' as const }),
    })),
  ];
}

const AXES = (rank: number): (number | undefined)[] => [undefined, ...Array.from({ length: 2 * rank }, (_, i) => i - rank)];

function reductionCases(name: 'sum' | 'max'): ValueCase[] {
  const op = name === 'sum' ? sum : max;
  const accuracy = name === 'sum' ? 'sum' : 'exact';
  const shapes = [...SHAPES, [1], [7], [257], [3, 65], [2, 1, 3], [1, 4]];
  const ofInput = (input: Input, rank: number): ValueCase[] =>
    AXES(rank).map((axis): ValueCase => ({
      name: `${name}(${words(input)}${axis === undefined ? '' : `, axis ${axis}`})`,
      inputs: [input],
      f: (x) => (axis === undefined ? op(x) : op(x, axis)),
      kind: numeric(input.kind),
      accuracy,
      gradient: 'largest',
    }));
  return [
    ...shapes.flatMap((shape) => ofInput(sample(shape, 'float'), shape.length)),
    ...(['int', 'bool'] as const).flatMap((of) => SHAPES.flatMap((shape) => ofInput(sample(shape, of), shape.length))),
    ...(name === 'sum' ? ofInput(floats([]), 0) : ofInput(floats([[-1e30, -2e30], [-3e38, -1e19], [-0.5, -1e-30]]), 2)), // prettier-ignore
  ];
}

/** Operations along the last axis. */
function rowCases(name: 'cumsum' | 'sort'): ValueCase[] {
  const op = name === 'cumsum' ? cumsum : sort;
  const ofInput = (input: Input): ValueCase => ({
    name: `${name}(${words(input)})`,
    inputs: [input],
    f: (x) => op(x),
    kind: name === 'cumsum' ? numeric(input.kind) : input.kind,
    accuracy: name === 'cumsum' ? 'sum' : 'exact',
    gradient: 'largest',
  });
  return [
    ...[[1], [5], [2, 3], [2, 3, 4], [4, 1], [2, 40]].map((shape) => ofInput(sample(shape, 'float'))),
    ...(['int', 'bool'] as const).flatMap((of) => [[5], [2, 3]].map((shape) => ofInput(sample(shape, of)))),
  ];
}

const whereCases = (): ValueCase[] => {
  const base = { accuracy: 'exact', gradient: 'largest' } as const;
  const ofThree = (c: Input, a: Input, b: Input): ValueCase => ({
    ...base,
    name: `where(${[c, a, b].map(words).join(', ')})`,
    inputs: [c, a, b],
    f: (condition, x, y) => where(condition, x, y),
    kind: numeric(a.kind, b.kind),
    ...(a.kind !== 'float' && b.kind !== 'float' && { gradient: 'none' }),
  });
  const condition = (shape: readonly number[], kind: DType = 'bool'): Input => {
    const { values } = sample(shape, 'bool');
    return { values, kind };
  };
  const isConstant = ({ kind }: Input) => kind !== 'float' && ({ gradient: 'none' } as const);
  const withNumbers = (c: Input, x: Input): ValueCase[] => [
    {
      ...base,
      ...isConstant(x),
      name: `where(${words(c)}, ${words(x)}, 0.5)`,
      inputs: [c, x],
      f: (k, a) => where(k, a, 0.5),
      kind: 'float',
    },
    { ...base, ...isConstant(x), name: `where(${words(c)}, -2, ${words(x)})`, inputs: [c, x], f: (k, b) => where(k, -2, b), kind: 'float' },
    { ...base, name: `where(${words(c)}, 3, -0.5)`, inputs: [c], f: (k) => where(k, 3, -0.5), kind: 'float', gradient: 'none' },
  ];
  const shapes: readonly (readonly (readonly number[])[])[] = [
    ...SHAPES.map((shape) => [shape, shape, shape]),
    [[2, 1], [2, 3], [2, 3]], [[3], [2, 3], [2, 3]], [[2, 3], [3], [2, 1]], [[2, 3], [], [2, 3]], [[2, 3], [2, 3], []], [[], [3], [3]],
    [[3], [], []], [[1, 3], [2, 1], [3]], [[2, 2], [1, 2, 2], [1, 2, 2]], [[2], [2, 1, 2], [2, 1, 2]], [[2, 1, 1], [3, 1], [4]], [[0], [0], [0]],
  ]; // prettier-ignore
  return [
    ...shapes.map(([c, a, b]) => ofThree(condition(c!), sample(a!, 'float'), sample(b!, 'float', { seed: 1 }))),
    ...KINDS.flatMap((c) =>
      KINDS.flatMap((a) => KINDS.map((b) => ofThree(condition([5], c), sample([5], a), sample([5], b, { seed: 1 })))),
    ),
    ...KINDS.flatMap((c) => SHAPES.flatMap((shape) => withNumbers(condition(shape, c), sample(shape, 'float')))),
    ...(['int', 'bool'] as const).flatMap((of) => withNumbers(condition([5]), sample([5], of))),
    ...withNumbers(condition([3]), sample([2, 3], 'float')),
    ...withNumbers(condition([2, 1]), sample([3], 'float')),
    // As many values, or fewer, in fewer axes.
    ...KINDS.flatMap((c) => [
      ...withNumbers(condition([2, 2], c), sample([1, 2, 2], 'float')),
      ...withNumbers(condition([2], c), sample([2, 1, 2], 'float')),
    ]),
  ];
};

const takeCases = (): ValueCase[] => {
  const indices = ints([2, 0, 2, 1]);
  const ofInput = (input: Input, at: Input): ValueCase => ({
    name: `take(${words(input)}, ${JSON.stringify(at.values)})`,
    inputs: [input, at],
    f: (x, i) => take(x, i),
    kind: input.kind,
    accuracy: 'exact',
    gradient: 'largest',
  });
  return [
    ...[[3], [3, 2], [3, 2, 2], [3, 1]].map((shape) => ofInput(sample(shape, 'float'), indices)),
    ...(['int', 'bool'] as const).flatMap((of) => [[3], [3, 2]].map((shape) => ofInput(sample(shape, of), indices))),
    ofInput(sample([3], 'float'), ints([])),
    ofInput(floats([]), ints([])),
    ofInput(sample([4], 'float'), ints([3])),
  ];
};

/** One case of an operation that only moves values. */
const moved = (name: string, inputs: readonly Input[], f: ValueCase['f'], kind: DType = inputs[0]!.kind): ValueCase => ({
  name,
  inputs,
  f,
  kind,
  accuracy: 'exact',
  gradient: 'largest',
});

const sliceCases = (): ValueCase[] =>
  KINDS.flatMap((of) =>
    [[4], [3, 2], [2, 3, 4]].flatMap((shape) =>
      AXES(shape.length).flatMap((axis) => {
        if (axis === undefined) return [];
        const [input, size] = [sample(shape, of), shape.at(axis)!];
        return [[0, 1], [1, 2], [1, size], [0, size]].map(([start, stop]) =>
          moved(`slice(${words(input)}, ${start!}, ${stop!}, axis ${axis})`, [input], (x) => slice(x, start!, stop!, axis)),
        );
      }),
    ),
  ); // prettier-ignore

const concatCases = (): ValueCase[] => {
  const ofInputs = (inputs: readonly Input[], axis: number): ValueCase => {
    const kinds = new Set(inputs.map(({ kind }) => kind));
    return moved(
      `concat(${inputs.map(words).join(', ')}, axis ${axis})`,
      inputs,
      (...xs) => concat(xs, axis),
      kinds.size === 1 ? inputs[0]!.kind : 'float',
    );
  };
  const resized = (shape: readonly number[], axis: number, n: number) =>
    shape.map((size, i) => (i === (axis + shape.length) % shape.length ? n : size));
  return [
    ...[[2], [2, 3], [2, 3, 2]].flatMap((shape) =>
      AXES(shape.length).flatMap((axis) =>
        axis === undefined ? [] : [ofInputs([sample(shape, 'float'), sample(resized(shape, axis, 1), 'float', { seed: 1 }), sample(resized(shape, axis, 3), 'float', { seed: 2 })], axis)],
      ),
    ),
    ...KINDS.flatMap((a) => KINDS.map((b) => ofInputs([sample([2, 2], a), sample([1, 2], b, { seed: 1 })], 0))),
    ofInputs([sample([3], 'float')], 0),
    ofInputs([sample([2], 'float'), sample([2], 'int'), sample([2], 'bool')], 0),
  ]; // prettier-ignore
};

const reshapeCases = (): ValueCase[] =>
  KINDS.flatMap((of) =>
    ([[[6], [2, 3]], [[2, 3], [6]], [[2, 3, 4], [4, 6]], [[1], []], [[], [1, 1]], [[2, 3], [2, 3]]] as const).map(([from, to]) => moved(`reshape(${words(sample(from, of))}, ${show(to)})`, [sample(from, of)], (x) => reshape<AnyTensor>(x, to))),
  ); // prettier-ignore

const broadcastCases = (): ValueCase[] =>
  KINDS.flatMap((of) =>
    ([[[], [3]], [[3], [2, 3]], [[2, 1], [2, 3]], [[1], [2, 2]], [[2, 1, 3], [2, 2, 3]], [[1, 2, 1], [3, 2, 2]], [[2, 3], [2, 3]]] as const).map(([from, to]) => moved(`broadcastTo(${words(sample(from, of))}, ${show(to)})`, [sample(from, of)], (x) => broadcastTo<AnyTensor>(x, to))),
  ); // prettier-ignore

const stopCases = (): ValueCase[] =>
  KINDS.flatMap((of) =>
    ([[], [3], [2, 3]] as const).map((shape) => ({ ...moved(`stopGradient(${words(sample(shape, of))})`, [sample(shape, of)], (x) => stopGradient(x)), gradient: 'none' as const })),
  ); // prettier-ignore

const castCases = (): ValueCase[] =>
  KINDS.flatMap((to) => {
    const inputs = [
      floats([1.75, -1.75, 0, 0.5, -0.25, 3, -2]),
      ints([3, -1, 0, 2]),
      sample([4], 'bool'),
      floats(2.5),
      floats([[0.25, -7.5]]),
    ];
    return inputs.map((input) => ({
      ...moved(`cast(${words(input)}, ${to})`, [input], (x) => cast(x, to), to),
      ...(to !== 'float' && { gradient: 'none' as const }),
    }));
  });

/** The cases of each operation. */
export const operations = (): CaseGroup[] => [
  ...Object.keys(UNARY).map((name) => ({ name, group: 'operations', cases: unaryCases(name) })),
  ...Object.keys(BINARY).map((name) => ({ name, group: 'operations', cases: binaryCases(name) })),
  { name: 'where', group: 'operations', cases: whereCases() },
  { name: 'sum', group: 'operations', cases: reductionCases('sum') },
  { name: 'max', group: 'operations', cases: reductionCases('max') },
  { name: 'cumsum', group: 'operations', cases: rowCases('cumsum') },
  { name: 'sort', group: 'operations', cases: rowCases('sort') },
  { name: 'take', group: 'operations', cases: takeCases() },
  { name: 'slice', group: 'operations', cases: sliceCases() },
  { name: 'concat', group: 'operations', cases: concatCases() },
  { name: 'reshape', group: 'operations', cases: reshapeCases() },
  { name: 'broadcastTo', group: 'operations', cases: broadcastCases() },
  { name: 'stopGradient', group: 'operations', cases: stopCases() },
  { name: 'cast', group: 'operations', cases: castCases() },
];
