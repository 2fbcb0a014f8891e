import { arrays } from '../../backend/arrays/arrays.js';
import { isSame, show } from '../../backend/arrays/shapes.js';
import { describe, reasonOf } from '../../backend/describe.js';
import { allowed, firstOff, largestOf, type Precision } from './closeness.js';
import type { TensorFunction } from './engineUnderTest.js';
import { weightedSum } from '../weightedSum.js';
import { differentiated, expectedOf, withInputs, type Expected } from './expected.js';
import type { Gradient, Subject } from './subject.js';
import type { AnyTensor, ValueCase } from './valueCase.js';

/** A way to compute a case, and to compare what it gives. */
export interface Mode {
  /** Added to the name of a check; empty for the plain one. */
  readonly name: string;
  /** Whether it can compute the case. */
  readonly takes: (c: ValueCase) => boolean;
  /** The tensors to compare. */
  readonly compute: (c: ValueCase, inputs: readonly AnyTensor[]) => readonly AnyTensor[];
  /** What is wrong with their values, of the engine with this precision. */
  readonly compare: (c: ValueCase, values: readonly ArrayLike<number>[], precision: Precision) => string | undefined;
  /** Whether the tensors are the result of the case, whose shape and kind are compared too. */
  readonly isResult: boolean;
}

/** All ways to compute a case: the function, its gradients, and both within each transform of the engine. */
export function modesOf({ engine: { transforms = {} }, gradients }: Subject): Mode[] {
  const plain: Readonly<Record<string, (f: TensorFunction<AnyTensor>) => TensorFunction<AnyTensor>>> = { '': (f) => f, ...transforms };
  return Object.entries(plain).flatMap(([name, transform]) => {
    const within = (what: string) => [what, name && `under ${name}`].filter(Boolean).join(' ');
    return [
      valueMode(within(''), transform),
      ...Object.entries(gradients).map(([of, gradient]) =>
        name ? transformedGradient(within(of), gradient, transform) : gradientMode(of, gradient),
      ),
    ];
  });
}

const valueMode = (name: string, transform: (f: TensorFunction<AnyTensor>) => TensorFunction<AnyTensor>): Mode => ({
  name,
  takes: () => true,
  compute: (c, inputs) => [transform(c.f)(...inputs)],
  compare: (c, [values], precision) => {
    const expected = expectedOf(c);
    return firstOff(values!, expected.values, (i) => allowed(c.accuracy, expected.magnitudes[i]!, precision));
  },
  isResult: true,
});

const isDifferentiable = (c: ValueCase): boolean => differentiated(c).length > 0;

/** The weighted sum of a case, as a function of the inputs that it is differentiated by. */
const scalarOf =
  (c: ValueCase, inputs: readonly AnyTensor[]): TensorFunction<AnyTensor> =>
  (...xs) =>
    weightedSum(c.f(...withInputs(inputs, differentiated(c), xs)));

const floatsOf = (c: ValueCase, inputs: readonly AnyTensor[]): AnyTensor[] => differentiated(c).map((i) => inputs[i]!);

const gradientMode = (name: string, gradient: Gradient): Mode => ({
  name,
  takes: isDifferentiable,
  compute: (c, inputs) => {
    const { value, grads } = gradient(scalarOf(c, inputs), floatsOf(c, inputs));
    return value === undefined ? grads : [...grads, value];
  },
  compare: (c, values, precision) => {
    const { value, magnitude, grads } = expectedOf(c).gradient!;
    const given = values[grads.length];
    const sum =
      given &&
      firstOff(given, [value], () =>
        allowed(c.accuracy === 'function' || c.accuracy === 'token' ? c.accuracy : 'sum', magnitude, precision),
      );
    return sum === undefined ? gradientOff(c, values.slice(0, grads.length), precision) : `the value beside the gradient ${sum}`;
  },
  isResult: false,
});

/** One gradient at a time, as a transform gives functions with one result. */
const transformedGradient = (
  name: string,
  gradient: Gradient,
  transform: (f: TensorFunction<AnyTensor>) => TensorFunction<AnyTensor>,
): Mode => ({
  name,
  takes: isDifferentiable,
  compute: (c, inputs) =>
    differentiated(c).map((_, n) => transform((...all) => gradient(scalarOf(c, all), floatsOf(c, all)).grads[n]!)(...inputs)),
  compare: gradientOff,
  isResult: false,
});

function gradientOff(c: ValueCase, values: readonly ArrayLike<number>[], precision: Precision): string | undefined {
  const { magnitudes, gradient } = expectedOf(c);
  const { grads } = gradient!;
  const accuracy = c.accuracy === 'token' ? 'token' : 'function';
  for (const [n, at] of differentiated(c).entries()) {
    const expected = grads[n]!;
    const largest = largestOf(Array.from(expected).filter(Number.isFinite));
    const off = firstOff(values[n]!, expected, (i) =>
      c.gradient === 'each' ? allowed(accuracy, Math.abs(expected[i]!), precision, magnitudes[i]) : allowed(accuracy, largest, precision),
    );
    if (off !== undefined) return `the gradient by input ${at} ${off}`;
  }
  return undefined;
}

/** One case that was computed. */
interface Computed {
  readonly c: ValueCase;
  readonly inputs: readonly AnyTensor[];
  readonly results: readonly AnyTensor[];
}

/** Computes cases on the engine, reads all of them at once, and returns what is wrong, one line for each. */
export async function problemsOf(subject: Subject, cases: readonly ValueCase[], mode: Mode): Promise<string[]> {
  const { backend, free, live, make } = subject;
  const problems: string[] = [];
  const problem = (c: ValueCase, what: string) => problems.push(`${c.name}: ${what}; inputs ${inputsOf(c)}`);
  const before = live();
  const computed: Computed[] = [];
  for (const c of cases.filter(mode.takes)) {
    const inputs = c.inputs.map(make);
    try {
      const results = backend.scope(() => mode.compute(c, inputs));
      const other = results.find((x) => !backend.owns(x));
      if (other !== undefined || results.includes(undefined as never))
        throw new TypeError(`the result is ${describe(other)}, no tensor of the engine`);
      computed.push({ c, inputs, results });
    } catch (error) {
      problem(c, `throws ${reasonOf(error)}`);
      free(inputs);
    }
  }
  const all = computed.flatMap(({ inputs, results }) => [...results, ...inputs]);
  try {
    const values = all.length > 0 ? await backend.read(all) : [];
    const precision = await subject.precision();
    let at = 0;
    const next = (n: number) => values.slice(at, (at += n));
    for (const { c, inputs, results } of computed) {
      const [got, after] = [next(results.length), next(inputs.length)];
      const off = (mode.isResult ? formOff(subject, c, results[0]!) : undefined) ?? mode.compare(c, got, precision) ?? changed(c, after);
      if (off !== undefined) problem(c, off);
    }
  } finally {
    free(all);
  }
  const left = (live() ?? 0) - (before ?? 0);
  if (left !== 0 && problems.length === 0)
    problems.push(`${left} tensors are left in memory by ${cases.length} calls in a scope, expected 0`);
  return problems;
}

/** What is wrong with the kind or the shape of a result. */
function formOff({ backend }: Subject, c: ValueCase, result: AnyTensor): string | undefined {
  const expected: Expected = expectedOf(c);
  const [kind, shape] = [backend.dtype(result), backend.shape(result)];
  if (!backend.isUntyped && kind !== c.kind) return `the result has the kind ${kind}, expected ${c.kind}`;
  return isSame(shape, expected.shape) ? undefined : `the result has the shape ${show(shape)}, expected ${show(expected.shape)}`;
}

/** Which input was changed. */
function changed(c: ValueCase, after: readonly ArrayLike<number>[]): string | undefined {
  for (const [i, { values, kind }] of c.inputs.entries()) {
    const given = Array.from(arrays.peek(values)!, kind === 'float' ? Math.fround : Number);
    const off = firstOff(Array.from(after[i]!, Math.fround), given);
    if (off !== undefined) return `input ${i} ${off}: it was changed`;
  }
  return undefined;
}

/** Longest inputs that a message shows in full. */
const LONGEST = 200;

function inputsOf({ inputs }: ValueCase): string {
  const all = inputs.map(
    ({ values, kind }) =>
      `${kind} ${JSON.stringify(values, (_, x: unknown) => (Number.isFinite(x) || typeof x !== 'number' ? x : String(x)))}`,
  );
  const text = all.join(', ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
