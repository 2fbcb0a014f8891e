import { reasonOf } from '../../backend/describe.js';
import { abs, add, detached, exp, greater, max, maximum, minimum, mul, neg, scope, sort, stopGradient, sum, take, where } from '../../backend/ops.js'; // prettier-ignore
import type { Check } from './check.js';
import { allowed, firstOff } from './closeness.js';
import { withInputs } from './expected.js';
import type { TensorFunction } from './engineUnderTest.js';
import type { Gradient, Subject } from './subject.js';
import { floats, ints, type AnyTensor, type Input } from './valueCase.js';

type T = AnyTensor;

/** A scalar function and its gradients; a function of the gradients where several are right. */
interface Rule {
  readonly inputs: readonly Input[];
  readonly f: TensorFunction<T>;
  readonly grads: readonly (readonly number[] | ((grad: ArrayLike<number>) => boolean))[];
}

const total = (x: T): T => sum(x);
const areWithin =
  (from: number, to: number) =>
  (grad: ArrayLike<number>): boolean =>
    Array.from(grad).every((x) => x >= from && x <= to);
const areShares = areWithin(0, 1);
const X = floats([1, -2, 3]);
const Y = floats([2, 5, -1]);

const RULES: Readonly<Record<string, Rule>> = {
  'an input that is not used': { inputs: [X, Y, floats([[1, 2]])], f: (x) => total(exp(mul(x, 0))), grads: [[0, 0, 0], [0, 0, 0], [0, 0]] },
  'an input behind stopGradient': { inputs: [X, Y], f: (x, y) => total(add(stopGradient(exp(x)), mul(y, 2))), grads: [[0, 0, 0], [2, 2, 2]] },
  'stopGradient beside the input': { inputs: [X], f: (x) => total(mul(stopGradient(x), x)), grads: [[1, -2, 3]] },
  'stopGradient of a function of the input': { inputs: [X], f: (x) => total(mul(stopGradient(mul(x, 2)), x)), grads: [[2, -4, 6]] },
  'detached beside the input': { inputs: [X], f: (x) => total(mul(detached(x, () => neg(x)), x)), grads: [[-1, 2, -3]] },
  'detached that returns a record': { inputs: [X], f: (x) => total(mul(detached(x, () => ({ a: neg(x), b: x })).a, x)), grads: [[-1, 2, -3]] },
  'a comparison beside the input': { inputs: [X, Y], f: (x, y) => total(where(greater(x, y), mul(x, 3), y)), grads: [[0, 0, 3], [1, 1, 0]] },
  'the sum as the last step': { inputs: [X], f: total, grads: [[1, 1, 1]] },
  'the sum of take': { inputs: [X, ints([2, 0, 2])], f: (x, i) => total(take(x, i)), grads: [[1, 0, 2]] },
  'the sum of a row that was taken three times': { inputs: [floats([[1, 2], [3, 4]]), ints([1, 1, 1])], f: (x, i) => total(take(x, i)), grads: [[0, 0, 3, 3]] },
  'an input used several times': { inputs: [X], f: (x) => total(add(mul(x, x), mul(x, 3))), grads: [[5, -1, 9]] },
  'the input as the result': { inputs: [floats(3)], f: (x) => x, grads: [[1]] },
  'a scalar input': { inputs: [floats(3), X], f: (s, x) => total(mul(s, x)), grads: [[2], [3, 3, 3]] },
  'a function in a scope': { inputs: [X], f: (x) => scope(x, () => total(scope(x, () => mul(mul(x, 2), x)))), grads: [[4, -8, 12]] },
  'ties of max': { inputs: [floats([2, 2, 1])], f: (x) => max(x), grads: [(g) => areShares(g) && g[2] === 0 && g[0]! + g[1]! >= 1] },
  'ties of max along an axis': { inputs: [floats([[2, 2], [1, 3]])], f: (x) => total(max(x, 1)), grads: [(g) => areShares(g) && g[0]! + g[1]! >= 1 && g[2] === 0 && g[3] === 1] },
  'ties of maximum': { inputs: [X, X], f: (a, b) => total(maximum(a, b)), grads: [areShares, areShares] },
  'ties of minimum': { inputs: [X, X], f: (a, b) => total(minimum(a, b)), grads: [areShares, areShares] },
  // The shares of both operands are 1 together.
  'maximum of one tensor': { inputs: [X], f: (x) => total(maximum(x, x)), grads: [[1, 1, 1]] },
  'minimum of one tensor': { inputs: [X], f: (x) => total(minimum(x, x)), grads: [[1, 1, 1]] },
  'maximum with a number at the tie': { inputs: [floats([0, 1])], f: (x) => total(maximum(x, 0)), grads: [(g) => areShares(g) && g[1] === 1] },
  'minimum with a number at the tie': { inputs: [floats([0, -1])], f: (x) => total(minimum(x, 0)), grads: [(g) => areShares(g) && g[1] === 1] },
  'abs at 0': { inputs: [floats([0, -2])], f: (x) => total(abs(x)), grads: [(g) => areWithin(-1, 1)(g) && g[1] === -1] },
  'ties of sort': { inputs: [floats([2, 1, 2])], f: (x) => total(mul(sort(x), ONE_TO_THREE)), grads: [(g) => areWithin(1, 3)(g) && g[1] === 1 && Number(g[0]) + Number(g[2]) === 5] },
}; // prettier-ignore

const ONE_TO_THREE = [1, 2, 3] as unknown as T;

const wrtOf = (rule: Rule): number[] => rule.inputs.flatMap(({ kind }, i) => (kind === 'float' ? [i] : []));

async function problemsOfRule(subject: Subject, gradient: Gradient, name: string, rule: Rule): Promise<string[]> {
  const { backend, free, live, make } = subject;
  const inputs = rule.inputs.map(make);
  const wrt = wrtOf(rule);
  const before = live();
  const f: TensorFunction<T> = (...xs) => rule.f(...withInputs(inputs, wrt, xs));
  try {
    // Without a scope: the result belongs to the caller.
    const { value, grads } = gradient(f, wrt.map((i) => inputs[i]!)); // prettier-ignore
    const all = [...grads, ...(value === undefined ? [] : [value])];
    const problems: string[] = [];
    if (before !== undefined && live() !== before + all.length) {
      problems.push(
        `${name}: ${live()! - before} tensors are alive besides the inputs, expected ${all.length}, the value and the gradients`,
      );
    }
    if (grads.length !== wrt.length) return [...problems, `${name}: ${grads.length} gradients came, expected ${wrt.length}`];
    const values = await backend.read([...all, ...inputs]);
    rule.grads.forEach((expected, i) => {
      const got = values[i]!;
      if (typeof expected === 'function') {
        if (!expected(got)) problems.push(`${name}: the gradient by input ${wrt[i]!} is [${Array.from(got).join(', ')}]`);
        return;
      }
      const off = firstOff(got, expected, (at) => allowed('function', Math.abs(expected[at]!), 24));
      if (off) problems.push(`${name}: the gradient by input ${wrt[i]!} ${off}`);
    });
    free(all);
    const after = await backend.read(inputs);
    rule.inputs.forEach(({ values: given }, i) => {
      const off = firstOff(after[i]!, [given].flat(3) as number[]);
      if (off) problems.push(`${name}: input ${i} ${off} after its gradient was disposed`);
    });
    return problems;
  } catch (error) {
    return [`${name}: throws ${reasonOf(error)}`];
  } finally {
    free(inputs);
  }
}

const STOP = new Error('the function throws');

/** A function that throws in the middle leaves nothing behind, and the next gradient is right. */
async function afterError(subject: Subject, gradient: Gradient): Promise<string[]> {
  const { free, live, make } = subject;
  const x = make(X);
  const before = live();
  const problems: string[] = [];
  try {
    gradient(
      (v) => {
        exp(neg(v));
        throw STOP;
      },
      [x],
    );
    problems.push('an error of the function is lost');
  } catch (error) {
    if (error !== STOP) problems.push(`the function threw an error, and ${reasonOf(error)} came`);
  }
  if (before !== undefined && live() !== before) problems.push(`${live()! - before} tensors are left after an error, expected 0`);
  problems.push(...(await nextGradient(subject, gradient, x, 'an error')));
  try {
    detached(x, () => {
      throw STOP;
    });
  } catch {
    // The gradient that follows matters here.
  }
  problems.push(...(await nextGradient(subject, gradient, x, 'an error in detached')));
  free([x]);
  return problems;
}

async function nextGradient({ backend, free }: Subject, gradient: Gradient, x: T, after: string): Promise<string[]> {
  const { grads } = gradient((v) => total(mul(v, 2)), [x]);
  const [values] = await backend.read(grads);
  const off = firstOff(values!, [2, 2, 2]);
  free(grads);
  return off ? [`after ${after}, the next gradient ${off}`] : [];
}

/** Gradients within a scope belong to it; only those that it returns are left. */
async function withinScope(subject: Subject, gradient: Gradient): Promise<string[]> {
  const { backend, free, live, make } = subject;
  const x = make(X);
  const before = live();
  const results = backend.scope(() => {
    const { grads } = gradient((v) => total(mul(exp(mul(v, 0)), v)), [x]);
    return [mul(grads[0]!, 2)];
  });
  const problems: string[] = [];
  if (before !== undefined && live() !== before + 1)
    problems.push(`a scope around gradients leaves ${live()! - before} tensors, expected the 1 it returns`);
  const [values] = await backend.read(results);
  const off = firstOff(values!, [2, 2, 2], () => allowed('function', 2, 24));
  if (off) problems.push(`a gradient within a scope, times 2, ${off}`);
  free([x, ...results]);
  return problems;
}

const groupOf = (name: string, of: string, problems: (subject: Subject, gradient: Gradient) => Promise<string[]>): Check => ({
  name: of === 'gradient' ? name : `${name}, ${of}`,
  group: 'gradients',
  problems: (subject) => problems(subject, subject.gradients[of]!),
});

/** Checks of gradients beyond those of each operation: unused inputs, ties, errors, memory. */
export const gradientChecks = ({ gradients }: Subject): Check[] =>
  Object.keys(gradients).flatMap((of) => [
    ...Object.entries(RULES).map(([name, rule]) => groupOf(name, of, (subject, gradient) => problemsOfRule(subject, gradient, name, rule))),
    groupOf('an error in the function', of, afterError),
    groupOf('gradients within a scope', of, withinScope),
  ]);
