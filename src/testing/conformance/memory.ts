import { broadcastTo, cast, concat, detached, div, exp, expm1, log, log1p, maximum, minimum, mul, neg, abs, add, cumsum, max, pow, reshape, scope, sigmoid, slice, softplus, sort, sqrt, square, stopGradient, sub, sum, take, where } from '../../backend/ops.js'; // prettier-ignore
import { reasonOf } from '../../backend/describe.js';
import type { Backend } from '../../backend/types.js';
import type { Check } from './check.js';
import { allowed, firstOff } from './closeness.js';
import type { Subject } from './subject.js';
import { bools, floats, ints, words, type AnyTensor } from './valueCase.js';

type T = AnyTensor;

/** Operations on `x [2]` that an engine may be tempted to give another view, or the tensor itself, for. */
const OPERATIONS: Readonly<Record<string, (x: T) => T>> = {
  neg, abs, square, exp, log, expm1, log1p, softplus, sigmoid, sqrt, cumsum, sort, stopGradient,
  sum: (x) => sum(x), 'sum of one': (x) => sum(reshape<T>(x, [2, 1]), 1), max: (x) => max(x),
  'add 0': (x) => add(x, 0), 'sub 0': (x) => sub(x, 0), 'mul by 1': (x) => mul(x, 1), 'div by 1': (x) => div(x, 1),
  'maximum of itself': (x) => maximum(x, x), 'minimum of itself': (x) => minimum(x, x), 'pow of 1': (x) => pow(x, 1),
  'reshape to the same shape': (x) => reshape(x, [2]), 'reshape to another shape': (x) => reshape(x, [2, 1]),
  'broadcastTo the same shape': (x) => broadcastTo(x, [2]), 'broadcastTo another shape': (x) => broadcastTo(x, [3, 2]),
  'cast to the same kind': (x) => cast(x, 'float'), 'slice of all': (x) => slice(x, 0, 2), 'slice of a part': (x) => slice(x, 1, 2),
  'concat of one': (x) => concat([x]), 'concat with itself': (x) => concat([x, x]), 'where with itself': (x) => where(x, x, x),
  'take of all': (x) => take(x, [0, 1]),
}; // prettier-ignore

const X = floats([4, 0.25]);

/** Results are tensors of their own: they outlive their inputs, and their inputs outlive them. */
async function lifetimes(subject: Subject): Promise<string[]> {
  const { backend, free, make } = subject;
  const problems: string[] = [];
  for (const [name, f] of Object.entries(OPERATIONS)) {
    const [x, other] = [make(X), make(X)];
    const [y, z, expected] = [backend.scope(() => f(x)), backend.scope(() => f(other)), backend.scope(() => f(other))];
    if (y === x && !backend.isUntyped) problems.push(`${name} gives its input back, expected a tensor of its own`);
    free([x, z]);
    try {
      const [own, kept, right] = await backend.read([y, other, expected]);
      const off = firstOff(own!, right!);
      if (off) problems.push(`${name}: after its input was disposed, the result ${off}`);
      const changed = firstOff(kept!, X.values as number[]);
      if (changed) problems.push(`${name}: after its result was disposed, the input ${changed}`);
    } catch (error) {
      problems.push(`${name}: when its input, or another result, was disposed, reading throws ${reasonOf(error)}`);
    }
    free([y, other, expected]);
  }
  return problems;
}

/** Methods that make a tensor of one. */
const UNARY = ['neg', 'abs', 'square', 'exp', 'log', 'expm1', 'log1p', 'softplus', 'sigmoid', 'sqrt', 'sum', 'max', 'cumsum', 'sort', 'stopGradient'] as const; // prettier-ignore
/** Methods that make a tensor of two, or of one and a number. */
const BINARY = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'pow', 'equal', 'greater', 'greaterEqual'] as const;
type Call = (backend: Backend<T>, x: T, indices: T) => T | undefined;

/** A call of each method that makes a tensor, on `x [2]`; undefined if the engine lacks it. */
const METHODS: Readonly<Record<string, Call>> = {
  ...Object.fromEntries(UNARY.map((name): [string, Call] => [name, (backend, x) => backend[name]?.(x)])),
  ...Object.fromEntries(BINARY.flatMap((name): [string, Call][] => [
    [name, (backend, x) => backend[name]?.(x, x)],
    [`${name} with a number`, (backend, x) => backend[name]?.(x, 2)],
    [`${name} of a number`, (backend, x) => backend[name]?.(2, x)],
  ])),
  'sum over an axis': (backend, x) => backend.sum(x, 0),
  'max over an axis': (backend, x) => backend.max(x, -1),
  where: (backend, x) => backend.where(x, x, x),
  'where with numbers': (backend, x) => backend.where(x, 1, 2),
  take: (backend, x, indices) => backend.take(x, indices),
  slice: (backend, x) => backend.slice(x, 0, 1, 0),
  concat: (backend, x, indices) => backend.concat([x, indices], 0),
  reshape: (backend, x) => backend.reshape(x, [2, 1]),
  broadcastTo: (backend, x) => backend.broadcastTo(x, [3, 2]),
  'cast to integers': (backend, x) => backend.cast(x, 'int'),
  'cast to conditions': (backend, x) => backend.cast(x, 'bool'),
  constant: (backend) => backend.constant([1, 2]),
  arange: (backend) => backend.arange(3),
}; // prettier-ignore

/** A method leaves its result and nothing else, also outside of a scope. */
function leftovers(subject: Subject): string[] {
  const { backend, free, make } = subject;
  const indices = make(ints([1, 0]));
  const problems = [X, ints([4, 2]), bools([1, 0])].flatMap((input) => {
    const x = make(input);
    const found = Object.entries(METHODS).flatMap(([name, call]) => {
      const made = (): T[] => [call(backend, x, indices)].filter((y) => y !== undefined);
      free(made()); // A kernel may be compiled, and keep its constants.
      const left = leftBy(subject, made);
      return left === 0 ? [] : [`${name} of ${words(input)} leaves ${left} tensors besides its result, expected 0`];
    });
    free([x]);
    return found;
  });
  free([indices]);
  return problems;
}

/** How many tensors `f` leaves, besides those that it returns for us to free. */
function leftBy({ free, live }: Subject, f: () => readonly T[]): number {
  const before = live() ?? 0;
  free(f());
  return (live() ?? 0) - before;
}

/** Records and lists to depth 3. */
const nested = (x: T): { readonly a: T; readonly b: readonly { readonly c: T; readonly d: readonly T[] }[] } => ({
  a: neg(x),
  b: [{ c: exp(x), d: [sub(x, 1), mul(x, 2)] }],
});

/** What scopes return, and what is expected of it; the number of tensors is that of the list. */
const SCOPES: Readonly<Record<string, (x: T) => [results: readonly T[], expected: readonly (readonly number[])[]]>> = {
  'returns a tensor': (x) => [[scope(x, () => neg(exp(mul(x, 0))))], [[-1, -1]]],
  'returns a list': (x) => [[...scope(x, () => [neg(x), mul(exp(x), 0)])], [[-4, -0.25], [0, 0]]],
  'returns a record': (x) => {
    const { a, b } = scope(x, () => ({ a: neg(x), b: add(mul(x, 2), 1), n: 3, s: 'text', none: undefined }));
    return [[a, b], [[-4, -0.25], [9, 1.5]]];
  },
  'returns records and lists to depth 3': (x) => {
    const { a, b } = scope(x, () => nested(x));
    return [[a, b[0]!.c, ...b[0]!.d], [[-4, -0.25], [Math.exp(4), Math.exp(0.25)], [3, -0.75], [8, 0.5]]];
  },
  'returns what an inner scope returned': (x) => [[scope(x, () => scope(x, () => scope(x, () => neg(mul(x, 2)))))], [[-8, -0.5]]],
  'returns a record of an inner scope': (x) => {
    const { y } = scope(x, () => { const inner = scope(x, () => ({ y: [neg(x)], z: exp(x) })); return { y: inner.y }; });
    return [[y[0]!], [[-4, -0.25]]];
  },
  'frees what an inner scope returned and it does not': (x) => [[scope(x, () => { scope(x, () => [neg(x), exp(x)]); return mul(x, 3); })], [[12, 0.75]]],
  'returns one tensor twice': (x) => { const { a, b } = scope(x, () => { const y = neg(x); return { a: y, b: y }; }); return [a === b ? [a] : [a, b], a === b ? [[-4, -0.25]] : [[-4, -0.25], [-4, -0.25]]]; },
  'returns nothing': (x) => { scope(x, () => { neg(exp(x)); }); return [[], []]; },
  'returns a tensor that was made before it': (x) => { const y = neg(x); return [[scope(x, () => { exp(x); return y; })], [[-4, -0.25]]]; },
  'detached returns a record': (x) => { const { a, b } = detached(x, () => ({ a: exp(mul(x, 0)), b: neg(x) })); return [[a, b], [[1, 1], [-4, -0.25]]]; },
}; // prettier-ignore

async function scopes(subject: Subject): Promise<string[]> {
  const { backend, free, live, make } = subject;
  const problems: string[] = [];
  for (const [name, f] of Object.entries(SCOPES)) {
    const x = make(X);
    const before = live();
    try {
      const [results, expected] = f(x);
      const made = (live() ?? 0) - (before ?? 0);
      if (before !== undefined && made !== results.length)
        problems.push(`a scope that ${name}: ${made} tensors are alive, expected ${results.length}`);
      const values = results.length > 0 ? await backend.read(results) : [];
      values.forEach((own, i) => {
        const off = firstOff(own, expected[i]!, (at) => allowed('function', Math.abs(expected[i]![at]!), 24));
        if (off) problems.push(`a scope that ${name}: result ${i} ${off}`);
      });
      free(results);
      const [kept] = await backend.read([x]);
      const off = firstOff(kept!, X.values as number[]);
      if (off) problems.push(`a scope that ${name}: the input ${off}`);
    } catch (error) {
      problems.push(`a scope that ${name}: ${reasonOf(error)}`);
    }
    free([x]);
  }
  return problems;
}

/** An input that a scope returns stays the caller's. */
async function returnedInput(subject: Subject): Promise<string[]> {
  const { backend, free, live, make } = subject;
  const x = make(X);
  const before = live() ?? 0;
  const [same, { y, inner }] = [backend.scope(() => x), backend.scope(() => ({ y: neg(x), inner: [x] }))];
  const made = (live() ?? before + 1) - before;
  const problems = [
    ...(same === x || backend.isUntyped ? [] : ['a scope that returns its input gives another tensor']),
    ...(made === 1 ? [] : [`a scope that returns its input beside a tensor: ${made} tensors were made, expected 1`]),
  ];
  const values = await backend.read([same, y, inner[0]!, x]);
  values.forEach((own, i) => {
    const off = firstOff(
      own,
      (X.values as number[]).map((v) => (i === 1 ? -v : v)),
    );
    if (off) problems.push(`a scope that returns its input: tensor ${i} ${off}`);
  });
  // A scope around does not own the input either.
  backend.scope(() => [backend.scope(() => x), exp(x)].length);
  const [after] = await backend.read([x]);
  const off = firstOff(after!, X.values as number[]);
  if (off) problems.push(`after scopes that returned it, the input ${off}`);
  free([x, y]);
  return problems;
}

const STOP = new Error('the function throws');

/** A scope that throws frees all, throws the same error, and leaves the engine usable. */
async function throwing(subject: Subject): Promise<string[]> {
  const { backend, free, make } = subject;
  const x = make(X);
  const problems: string[] = [];
  const calls: Readonly<Record<string, () => unknown>> = {
    scope: () => backend.scope(() => { neg(exp(x)); throw STOP; }),
    'scope in a scope': () => backend.scope(() => { exp(x); return backend.scope(() => { neg(exp(x)); throw STOP; }); }),
    detached: () => detached(x, () => { neg(exp(x)); throw STOP; }),
  }; // prettier-ignore
  for (const [name, call] of Object.entries(calls)) {
    const left = leftBy(subject, () => {
      try {
        call();
        problems.push(`${name}: an error of the function is lost`);
      } catch (error) {
        if (error !== STOP) problems.push(`${name}: the function threw an error, and ${reasonOf(error)} came`);
      }
      return [];
    });
    if (left !== 0) problems.push(`${name}: ${left} tensors are left after an error, expected 0`);
  }
  const y = backend.scope(() => neg(x));
  const [values] = await backend.read([y]);
  const off = firstOff(values!, [-4, -0.25]);
  if (off) problems.push(`after an error in a scope, neg ${off}`);
  free([x, y]);
  return problems;
}

/** The methods that need memory are there together. */
function disposal({ backend, make, live }: Subject): string[] {
  if (!backend.dispose) return [];
  const [before, x] = [live(), make(X)];
  const problems: string[] = [];
  if (backend.isDisposed?.(x)) problems.push('isDisposed is true for a new tensor');
  if (before !== undefined && live() !== before + 1)
    problems.push(`liveTensors grew by ${live()! - before} with one new tensor, expected 1`);
  backend.dispose(x);
  if (backend.isDisposed?.(x) === false) problems.push('isDisposed is false for a disposed tensor');
  if (before !== undefined && live() !== before) problems.push(`dispose leaves ${live()! - before} tensors, expected 0`);
  return problems;
}

/** Checks that scopes and operations free what they should, and nothing else. */
export const memoryChecks = (): Check[] =>
  [
    ['results of their own', lifetimes],
    ['nothing but results', leftovers],
    ['scopes', scopes],
    ['a returned input', returnedInput],
    ['an error in a scope', throwing],
    ['dispose', disposal],
  ].map(([name, problems]) => ({ name, group: 'memory and scopes', problems }) as Check);
