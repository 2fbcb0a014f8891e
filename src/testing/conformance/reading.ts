import { arrays } from '../../backend/arrays/arrays.js';
import { isSame, show } from '../../backend/arrays/shapes.js';
import { reasonOf } from '../../backend/describe.js';
import type { DType } from '../../backend/types.js';
import type { Check } from './check.js';
import { firstOff } from './closeness.js';
import type { Subject } from './subject.js';
import { bools, floats, ints, sample, type AnyTensor, type Input } from './valueCase.js';

/** Tensors of every kind, and of ranks 0 to 3. */
const INPUTS: readonly Input[] = [
  floats(-2.5),
  floats([1, 2.25, -3]),
  ints([[1, -2], [3, 4]]), // prettier-ignore
  bools([1, 0, 1]),
  sample([2, 3, 4], 'float'),
  ints(7),
  bools([[0], [1]]),
  floats([[NaN, Infinity, -Infinity]]),
  floats([]),
];

const valuesOf = ({ values }: Input): number[] => Array.from(arrays.peek(values)!);
const named = ({ values, kind }: Input): string => `${kind} ${show(arrays.shape(values))}`;

/** Calls `f` with tensors of all inputs, and frees them. */
async function withTensors(
  { make, free }: Subject,
  f: (tensors: readonly AnyTensor[]) => Promise<string[]> | string[],
  inputs = INPUTS,
): Promise<string[]> {
  const tensors = inputs.map(make);
  try {
    return await f(tensors);
  } finally {
    free(tensors);
  }
}

/** Tensors that users make: their kind, shape and values. */
const userTensors = (subject: Subject): Promise<string[]> =>
  withTensors(subject, async (tensors) => {
    const { backend, engine } = subject;
    const problems: string[] = [];
    for (const [i, x] of tensors.entries()) {
      const input = INPUTS[i]!;
      if (!backend.owns(x)) problems.push(`owns is false for a tensor ${named(input)}`);
      problems.push(...formProblems(subject, x, input));
      const off = firstOff(await engine.read(x), valuesOf(input));
      if (off) problems.push(`a tensor ${named(input)}, read as users do, ${off}`);
    }
    return problems;
  });

function formProblems({ backend }: Subject, x: AnyTensor, input: Input, what = 'a tensor'): string[] {
  const [kind, shape, expected] = [backend.dtype(x), backend.shape(x), arrays.shape(input.values)];
  return [
    ...(kind === (backend.isUntyped ? 'float' : input.kind) ? [] : [`${what} ${named(input)} has the kind ${kind}`]),
    ...(isSame(shape, expected) ? [] : [`${what} ${named(input)} has the shape ${show(shape)}`]),
  ];
}

/** Values that no engine of tensors owns. */
const STRANGERS: readonly unknown[] = [undefined, null, 'x', true, Symbol('x'), {}, () => 0, new Date(0), Promise.resolve(0)];

function strangers({ backend }: Subject): string[] {
  const values = backend.isUntyped ? STRANGERS : [...STRANGERS, 0, [1, 2], Float32Array.of(1)];
  return values.flatMap((value) => {
    const text = Array.isArray(value) ? 'a list' : typeof value === 'object' ? (value?.constructor.name ?? 'null') : `a ${typeof value}`;
    try {
      return backend.owns(value) ? [`owns is true for ${text}`] : [];
    } catch (error) {
      return [`owns throws for ${text}: ${reasonOf(error)}`];
    }
  });
}

/** `read` of several tensors at once, in order, twice, and of one. */
const reading = (subject: Subject): Promise<string[]> =>
  withTensors(subject, async (tensors) => {
    const { backend } = subject;
    const order = [...tensors.keys()];
    const problems: string[] = [];
    for (const places of [order, [...order].reverse(), [0, 0, 3], ...order.map((i) => [i])]) {
      const values = await backend.read(places.map((i) => tensors[i]!));
      if (values.length !== places.length) problems.push(`read of ${places.length} tensors gives ${values.length} arrays`);
      places.forEach((i, at) => {
        const off = values[at] && firstOff(values[at], valuesOf(INPUTS[i]!));
        if (off) problems.push(`read of ${places.length} tensors: tensor ${at}, ${named(INPUTS[i]!)}, ${off}`);
      });
    }
    return problems;
  });

/** `peek` and `isReadable` agree, of tensors that users made and of results. */
const peeking = (subject: Subject): Promise<string[]> =>
  withTensors(subject, async (tensors) => {
    const { backend, free } = subject;
    const results = tensors.slice(0, 3).map((x) => backend.mul(x, 2));
    const problems: string[] = [];
    try {
      const all = [...tensors, ...results];
      const read = await backend.read(all);
      for (const [i, x] of all.entries()) {
        const what = i < tensors.length ? named(INPUTS[i]!) : 'a product';
        const asked = backend.isReadable?.(x);
        const peeked = backend.peek(x);
        if (asked !== undefined && asked !== (peeked !== undefined)) {
          problems.push(`isReadable is ${asked}, but peek gives ${peeked === undefined ? 'undefined' : 'values'}: ${what}`);
        }
        const off = peeked && firstOff(peeked, read[i]!);
        if (off) problems.push(`peek of ${what} ${off} by read`);
      }
    } finally {
      free(results);
    }
    return problems;
  });

/** `constant` of lists and typed arrays, and `arange`. */
async function constants(subject: Subject): Promise<string[]> {
  const { backend, free } = subject;
  const made: [what: string, x: AnyTensor, expected: Input][] = [
    ...INPUTS.map((input): [string, AnyTensor, Input] => ['constant', backend.constant(input.values, input.kind), input]),
    ['constant without a kind,', backend.constant([1, 2]), floats([1, 2])],
    ['constant of a number', backend.constant(0.5), floats(0.5)],
    ...([Float32Array, Float64Array, Int32Array, Uint8Array, Int8Array, Uint16Array] as const).flatMap((TypedArray) =>
      (['float', 'int', 'bool'] as DType[]).map((kind): [string, AnyTensor, Input] => {
        const values = kind === 'bool' ? [0, 1, 1] : [3, 0, 100];
        return [`constant of a ${TypedArray.name}`, backend.constant(TypedArray.from(values), kind), { values, kind }];
      }),
    ),
    ['constant of a part of a typed array', backend.constant(Float32Array.of(9, 1, 2, 9).subarray(1, 3)), floats([1, 2])],
    ['arange', backend.arange(4), ints([0, 1, 2, 3])],
    ['arange', backend.arange(1), ints([0])],
  ];
  try {
    const values = await backend.read(made.map(([, x]) => x));
    return made.flatMap(([what, x, expected], i) => {
      const off = firstOff(values[i]!, valuesOf(expected));
      return [...formProblems(subject, x, expected, what), ...(off ? [`${what} ${named(expected)} ${off}`] : [])];
    });
  } finally {
    free(made.map(([, x]) => x));
  }
}

/** A typed array that is changed afterwards does not change the constant. */
async function copies({ backend, free }: Subject): Promise<string[]> {
  const values = Float32Array.of(1, 2);
  const x = backend.constant(values);
  values.fill(9);
  const [read] = await backend.read([x]);
  const off = firstOff(read!, [1, 2]);
  free([x]);
  return off ? [`constant ${off}: it shares the memory of the typed array that it was made of`] : [];
}

/** Two constants of one number are two tensors, where one may be disposed and the other not. */
function twoConstants({ backend, free }: Subject): string[] {
  const [a, b] = [backend.constant(1), backend.constant(1)];
  free([a, b]);
  return a === b && backend.dispose ? ['constant gives the same tensor for the same number: disposing one would dispose the other'] : [];
}

/** Checks of making and reading tensors. */
export const readingChecks = (): Check[] =>
  [
    ['tensors of users', userTensors],
    ['owns of other values', strangers],
    ['read', reading],
    ['peek and isReadable', peeking],
    ['constant and arange', constants],
    ['constant copies', copies],
    ['two constants', twoConstants],
  ].map(([name, problems]) => ({ name, group: 'reading', problems }) as Check);
