import { arrays } from '../backend/arrays/arrays.js';
import { tensors } from '../backend/arrays/tensors.js';
import { describe } from '../backend/describe.js';
import { backendOf, isPlain } from '../backend/registry.js';
import type { Backend, DType, Nested } from '../backend/types.js';
import { checkNumber, checkOptions } from '../internal/checks.js';
import { positive } from '../internal/domains.js';
import { shape } from '../backend/ops.js';
import { centralDifferences } from './centralDifferences.js';
import { gradientsOf } from './engineGradients.js';
import { mapLeaves, valuesOf } from './leaves.js';
import { weightedSum } from './weightedSum.js';

/** Options of {@link checkGradients}. */
export interface CheckGradientsOptions {
  /** Inputs to differentiate with respect to: names, or beginnings of paths such as `'policy'`. Default: all float inputs. */
  readonly wrt?: readonly string[];
  /**
   * Largest error of the value, relative to `max(1, |value|)`, and of a gradient, relative to the largest gradient with respect
   * to the same input, or to 1e-6 of the largest gradient of all if that is larger. Default 1e-5.
   */
  readonly tolerance?: number;
  /** Step of the central differences; smaller for inputs whose magnitude is below 1. Default 1e-3. */
  readonly step?: number;
}

/** The errors that {@link checkGradients} found. */
export interface GradientReport {
  /** Error of the value, relative to `max(1, |value|)`. */
  readonly valueError: number;
  /** Largest error of each input's gradient, relative as described for `tolerance`. */
  readonly gradientErrors: Readonly<Record<string, number>>;
}

/** One tensor of the inputs. */
interface Leaf {
  readonly path: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
  /** Undefined for plain values next to tensors. */
  readonly dtype: DType | undefined;
  readonly isDifferentiated: boolean;
}

/**
 * Checks the value and gradient of a loss on an engine against the same loss on plain lists in float64, by central differences.
 *
 * The loss runs on both engines, so it must be written in `ops` and take all its tensors from `inputs`. A result with several
 * values is reduced by a sum with unequal weights. Inputs are rounded to float32 before either run. The differences hold results
 * of `stopGradient` fixed. On plain lists, the gradients are those of `valueAndGrads`. Choose inputs away from kinks of the loss:
 * differences across a kink are wrong.
 *
 * @param loss - The loss as a function of its inputs.
 * @param inputs - Tensors of an engine with gradients, or plain lists, in records nested to any depth. Plain numbers are passed on
 *   unchanged, and plain lists next to tensors are constants. Plain lists alone have no dtype: name those to differentiate with respect
 *   to in `wrt` if others, such as labels, are there.
 * @param options - See {@link CheckGradientsOptions}.
 * @returns The errors that were found, all within the tolerance.
 * @throws TypeError if there is no float input to differentiate with respect to, the engine has no gradients, or the loss fails on
 *   plain lists, as losses do that are written in `tf.*`.
 * @throws Error if the value or a gradient is outside the tolerance. It names both numbers and, for a gradient, the input and index.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { ops, type Pair } from 'prefloss';
 * import { checkGradients } from 'prefloss/testing';
 *
 * const myLoss = <T>({ chosen, rejected }: Pair<T>): T => ops.softplus(ops.sub(rejected, chosen));
 * await checkGradients(myLoss, { chosen: tf.tensor1d([-1, -2]), rejected: tf.tensor1d([-2, -1]) });
 * ```
 */
export async function checkGradients<I extends object>(
  // The function runs on two engines, and no single tensor type describes both.
  loss: (inputs: never) => unknown,
  inputs: I,
  options: CheckGradientsOptions = {},
): Promise<GradientReport> {
  checkOptions('checkGradients', options, ['wrt', 'tolerance', 'step']);
  const { wrt, tolerance = 1e-5, step = 1e-3 } = options;
  checkNumber('checkGradients', 'tolerance', tolerance, positive);
  checkNumber('checkGradients', 'step', step, positive);
  const given = engineOf(inputs);
  const leaves = await leavesOf(given, inputs, wrt);
  // Inside gradients, plain values are tensors { data, dims }.
  const backend = isPlain(given) ? (tensors as Backend<unknown>) : given;
  const chosen = leaves.filter((leaf) => leaf.isDifferentiated);
  const missing = (wrt ?? ['']).find((start) => !chosen.some(({ path }) => isUnder(path, start)));
  if (missing !== undefined) {
    throw new TypeError(`checkGradients: no float input${missing && ` under ${missing}`} to differentiate with respect to`);
  }

  const run = <T>(engine: Backend<T>, replaced: ReadonlyMap<string, unknown>): T => {
    const result = loss(rebuild(inputs, (path) => replaced.get(path)) as never);
    if (!engine.owns(result)) {
      throw new TypeError(`checkGradients: the loss returns ${describe(result)}, expected a tensor of the engine ${engine.name}`);
    }
    return weightedSum<T>(result as T);
  };
  const results = backend.scope(() => {
    const onEngine = ({ shape: sizes, values, dtype, isDifferentiated }: Leaf) => {
      const plain = nested(values, sizes);
      if (isDifferentiated) return backend.constant(plain);
      return given === backend && dtype ? backend.constant(plain, dtype) : plain;
    };
    const own = new Map(leaves.map((leaf) => [leaf.path, onEngine(leaf)]));
    const replace = (xs: readonly unknown[]) => new Map([...own, ...chosen.map(({ path }, i) => [path, xs[i]] as const)]);
    const { value, grads } = gradientsOf(backend)!(
      (xs) => run(backend, replace(xs)),
      chosen.map(({ path }) => own.get(path)),
    );
    return [value, ...grads];
  });
  const [value, ...grads] = await backend.read(results);
  results.forEach((tensor) => backend.dispose?.(tensor));

  const reference = centralDifferences(
    (moved) => {
      const flat = (leaf: Leaf) => (leaf.isDifferentiated ? moved[chosen.indexOf(leaf)]! : leaf.values);
      return onArrays(backend, () => run(arrays, new Map(leaves.map((leaf) => [leaf.path, nested(flat(leaf), leaf.shape)]))) as number);
    },
    chosen.map((leaf) => leaf.values),
    { step },
  );
  return report(chosen, { value: value![0]!, grads }, reference, tolerance);
}

/** Runs the loss on plain arrays; if it throws, after it ran on the engine, it is written for that engine alone. */
function onArrays(backend: Backend<unknown>, f: () => number): number {
  try {
    return backend.scope(f);
  } catch (error) {
    const message = (error as Error).message.replace(/^checkGradients: /, '');
    throw new TypeError(
      `checkGradients: the loss runs on ${backend.name} but fails on plain arrays, expected one that is written in ops: ${message}`,
      { cause: error },
    );
  }
}

function engineOf(inputs: object): Backend<unknown> {
  const tensors: unknown[] = [];
  rebuild(inputs, (path) => void tensors.push(at(inputs, path)));
  if (tensors.length === 0) throw new TypeError('checkGradients: inputs holds no tensor');
  const backend = backendOf(...tensors);
  if (!gradientsOf(backend))
    throw new TypeError(`checkGradients: the engine ${backend.name} has no gradients, expected tensors of an engine with valueAndGrads`);
  return backend;
}

/** A copy of the records with every tensor replaced; plain numbers stay. */
const rebuild = (inputs: object, replace: (path: string) => unknown): unknown =>
  mapLeaves(inputs, (leaf, path) => (typeof leaf === 'number' ? leaf : replace(path)));

const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce((inner, key) => (inner as Record<string, unknown>)[key], value);

const isUnder = (path: string, start: string): boolean => start === '' || path === start || path.startsWith(`${start}.`);

async function leavesOf(backend: Backend<unknown>, inputs: object, wrt: readonly string[] | undefined): Promise<Leaf[]> {
  const paths: string[] = [];
  rebuild(inputs, (path) => void paths.push(path));
  const found = paths.map((path) => at(inputs, path));
  const values = await valuesOf(backend, found);
  const isWanted = (path: string) => !wrt || wrt.some((start) => isUnder(path, start));
  return paths.map((path, i): Leaf => {
    const value = found[i];
    // Plain values next to tensors are constants.
    const dtype = backend.owns(value) ? backend.dtype(value) : undefined;
    return {
      path,
      shape: shape(value),
      values: Float64Array.from(values[i]!, Math.fround),
      dtype,
      isDifferentiated: dtype === 'float' && isWanted(path),
    };
  });
}

const nested = (values: Float64Array, to: readonly number[]): Nested => arrays.reshape(Array.from(values), to);

interface Result {
  readonly value: number;
  readonly grads: readonly ArrayLike<number>[];
}

function report(leaves: readonly Leaf[], engine: Result, reference: Result, tolerance: number): GradientReport {
  const valueError = Math.abs(engine.value - reference.value) / Math.max(1, Math.abs(reference.value));
  if (!(valueError <= tolerance)) {
    throw new Error(
      `checkGradients: the value is ${engine.value} on the engine, ${reference.value} on arrays (error ${valueError}, allowed ${tolerance})`,
    );
  }
  const largestOf = (gradient: ArrayLike<number>) => Math.max(...Array.from(gradient, Math.abs));
  const largestOfAll = Math.max(...reference.grads.map(largestOf)) || 1;
  const gradientErrors: Record<string, number> = {};
  leaves.forEach(({ path }, n) => {
    gradientErrors[path] = 0;
    // Relative to this input's own largest gradient, so that a much steeper input cannot hide an error; the floor ignores noise.
    const scale = Math.max(largestOf(reference.grads[n]!), 1e-6 * largestOfAll);
    Array.from(reference.grads[n]!).forEach((wanted, i) => {
      const got = engine.grads[n]![i]!;
      const error = Math.abs(got - wanted) / scale;
      if (!(error <= tolerance)) {
        throw new Error(
          `checkGradients: the gradient of ${path}[${i}] is ${got} on the engine, ${wanted} by central differences ` +
            `(error ${error} of its largest gradient, allowed ${tolerance})`,
        );
      }
      gradientErrors[path] = Math.max(gradientErrors[path]!, error);
    });
  });
  return { valueError, gradientErrors };
}
