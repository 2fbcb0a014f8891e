import { expect, type TaskMeta } from 'vitest';
import { BOUNDS, precisionOf, type Bounds } from './bounds.js';
import { engine, isFloat64 } from './engine.js';

/** The number that has the largest error. */
interface Place {
  /** Its batch and options. */
  readonly input: string;
  /** Its index. */
  readonly at: string;
  readonly got: number;
  readonly exact: number;
}

/** The largest error of several numbers. */
export interface Largest {
  /** How many numbers were compared. */
  readonly count: number;
  /** In units of the engine's precision. */
  readonly error: number;
  /** Omitted if all numbers are exact. */
  readonly worst?: Place;
}

/** The errors that a test measures, for `npm run accuracy`. docs/accuracy.md defines the measures. */
export interface Accuracy {
  /** The function under test. */
  readonly name: string;
  readonly value?: Largest;
  readonly gradient?: Largest;
  readonly component?: Largest;
  /** Components of batches with log-probs close to 0. */
  readonly nearZero?: Largest;
  /** Gradients by rewards, relative to the largest of them. */
  readonly rewards?: Largest;
}

/** Numbers from the engine, and what they are compared with. */
export interface Compared {
  readonly got: readonly number[];
  readonly exact: readonly number[];
  /** What the error of number `i` is relative to. */
  readonly scale: (i: number) => number;
  /** Name of number `i`. Default: its index. */
  readonly at?: (i: number) => string;
  /** Largest error of number `i` in `exact`. Default: 0. */
  readonly doubt?: (i: number) => number;
}

const UNIT = 2 ** -precisionOf(engine);
// Engines flush smaller numbers to 0.
const SMALLEST_NORMAL = isFloat64 ? 0 : 2 ** -126;

/** Returns the largest size of several numbers. */
export const largestOf = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);

/** Returns the largest error of several numbers. */
export function largestError(input: string, { got, exact, scale, at = (i) => `[${i}]`, doubt = () => 0 }: Compared): Largest {
  expect(got.length, input).toBe(exact.length);
  let [error, worst] = [0, -1];
  got.forEach((x, i) => {
    const off = x === exact[i] ? 0 : Math.max(0, Math.abs(x - exact[i]!) - doubt(i) - SMALLEST_NORMAL);
    const relative = off === 0 ? 0 : off / scale(i) / UNIT;
    // NaN is an infinite error.
    if (!(relative <= error)) [error, worst] = [Number.isNaN(relative) ? Infinity : relative, i];
  });
  if (worst < 0) return { count: got.length, error };
  return { count: got.length, error, worst: { input, at: at(worst), got: got[worst]!, exact: exact[worst]! } };
}

/** Asserts that an error is within the engine's bound. */
export function expectWithin(measure: keyof Bounds, { error, worst }: Largest): void {
  const place = worst && `${worst.at} is ${worst.got}, expected ${worst.exact}, on ${worst.input}`;
  expect(error, `${measure}: ${place}, error in units of ${UNIT}`).toBeLessThanOrEqual(BOUNDS[engine][measure]);
}

/** Asserts the engine's bound for a gradient, relative to `largest`. Returns this error and the largest of single components. */
export function gradientErrors(
  input: string,
  { got, exact, at = (i) => `[${i}]`, doubt = () => 0 }: Omit<Compared, 'scale'>,
  largest: number,
): { readonly gradient: Largest; readonly component: Largest } {
  const gradient = largestError(input, { got, exact, at, doubt, scale: () => largest });
  expectWithin('gradient', gradient);
  const others = exact.flatMap((x, i) => (x === 0 ? [] : [i]));
  const component = largestError(input, {
    got: others.map((i) => got[i]!),
    exact: others.map((i) => exact[i]!),
    scale: (i) => Math.abs(exact[others[i]!]!),
    at: (i) => at(others[i]!),
    doubt: (i) => doubt(others[i]!),
  });
  return { gradient, component };
}

/**
 * Asserts the engine's bounds for values, gradients or both of a function of tokens, and reports their errors. They are relative to
 * at least 1, the sum of the probabilities of a token.
 */
export function expectAccurate(
  meta: TaskMeta,
  name: string,
  input: string,
  { value, gradient }: { readonly value?: Compared; readonly gradient?: Omit<Compared, 'scale'> },
): void {
  const values = value && largestError(input, { ...value, scale: (i) => Math.max(1, value.scale(i)) });
  if (values) expectWithin('value', values);
  const grads = gradient && gradientErrors(input, gradient, Math.max(1, largestOf(gradient.exact)));
  (meta.accuracy ??= []).push({ name, ...(values && { value: values }), ...grads });
}

const STEP = 2 ** -20;

/**
 * Computes how far results move with their inputs: the sum of `|x * dresult/dx|` over all inputs `x`, by differences in float64.
 *
 * @param f - A function on the arrays engine.
 * @param groups - Inputs with the same number are moved together. No result may depend on two of them. Default: each input alone.
 */
export function movedBy(
  f: (x: number[]) => readonly number[],
  x: readonly number[],
  groups: readonly number[] = x.map((_, i) => i),
): number[] {
  const moved = f([...x]).map(() => 0);
  for (const group of new Set(groups)) {
    const by = (step: number) => f(x.map((v, i) => (groups[i] === group ? v * (1 + step) : v)));
    const [up, down] = [by(STEP), by(-STEP)];
    for (let i = 0; i < moved.length; i++) moved[i]! += Math.abs(up[i]! - down[i]!) / (2 * STEP);
  }
  return moved;
}
