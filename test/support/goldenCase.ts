import { backendOf, ops, type Nested } from '../../src/index.js';
import { arrays } from '../../src/backend/arrays/arrays.js';
import { valueAndGrads } from '../../src/backend/arrays/valueAndGrads.js';
import type { Values } from '../../src/testing/index.js';
import { movedBy } from './accuracy.js';
import { flatten, read, tensor, valueAndGradsOn, type X } from './engine.js';
import type { Call, Fields, GoldenRecord } from './goldens.js';

/** A golden record and the function that it belongs to. */
export interface GoldenCase {
  readonly name: string;
  readonly record: GoldenRecord;
  readonly inputs: Fields;
  /** The inputs that the record has gradients of. */
  readonly wrt: readonly string[];
  /** Whether each loss depends on the inputs of its own example only. */
  readonly isPerExample: boolean;
  readonly call: Call;
}

/** All numbers of a nested list. */
export const numbers = (x: Nested): number[] => flatten(x as Values);

// Counts and shares, which are exact in float32 and have no derivatives.
const DISCRETE = [
  'desirable',
  'labels',
  'mask',
  'quantile',
  'selected',
  'tie',
  'chosenLengths',
  'rejectedLengths',
  'chosenHarmful',
  'rejectedHarmful',
];

// Unequal, so that errors do not cancel; powers of two, so that dividing by them is exact.
const weight = (i: number): number => 2 ** ((i % 3) - 1);
const weightsOfLosses = ({ record, isPerExample }: GoldenCase): number[] =>
  record.outputs.losses.map((_, i) => (isPerExample ? weight(i) : 1));

/** The weights that the gradients below are multiplied by, one for each component. */
export const weightsOf = ({ record, wrt, isPerExample }: GoldenCase): number[] =>
  wrt.flatMap((field) => record.outputs.grads[field]!.flatMap((row, i) => numbers(row).map(() => (isPerExample ? weight(i) : 1))));

/** The inputs with new values for some fields. */
function withFields(inputs: Fields, fields: readonly string[], values: readonly (readonly number[])[]): Fields {
  const own = fields.map((field, n) => [field, arrays.reshape(values[n]!, arrays.shape(inputs[field]!))]);
  return { ...inputs, ...Object.fromEntries(own) } as Fields;
}

/** The losses on plain arrays, in float64. */
export const lossesOf = ({ call, record }: GoldenCase, inputs: Fields): number[] => numbers(call(inputs, record.options) as Nested);

// The records of an original and of 50 digits share inputs and options.
const known = new Map<string, readonly number[]>();

/** Computes how far each loss moves with the inputs; see {@link movedBy}. */
export function movedLosses(c: GoldenCase): readonly number[] {
  const key = JSON.stringify([c.name, c.record.input, c.record.options]);
  const moved = known.get(key) ?? computeMovedLosses(c);
  known.set(key, moved);
  return moved;
}

function computeMovedLosses(c: GoldenCase): readonly number[] {
  const fields = Object.keys(c.inputs).filter((field) => !DISCRETE.includes(field));
  const values = fields.map((field) => numbers(c.inputs[field]!));
  const starts = values.map((_, n) => values.slice(0, n).flat().length);
  // Independent examples move together.
  const groups = values.flatMap((own, n) => {
    const x = c.inputs[fields[n]!]!;
    const size = c.isPerExample && Array.isArray(x) ? own.length / x.length : own.length;
    return own.map((_, i) => starts[n]! + (i % size));
  });
  const split = (x: readonly number[]) => values.map((own, n) => x.slice(starts[n], starts[n]! + own.length));
  return movedBy((moved) => lossesOf(c, withFields(c.inputs, fields, split(moved))), values.flat(), groups);
}

/** The weighted gradient of the losses on plain arrays, in float64. */
export function gradientInFloat64(c: GoldenCase, inputs: Fields): number[] {
  const { record, wrt, call } = c;
  const own = Object.fromEntries(wrt.map((field) => [field, inputs[field]!]));
  const { grads } = valueAndGrads((xs) => {
    const losses: X = call({ ...inputs, ...xs }, record.options);
    const weights = ops.reshape<X>(weightsOfLosses(c), ops.shape(losses));
    return { loss: ops.sum<X>(ops.mul(losses, weights)) };
  }, own);
  return wrt.flatMap((field) => numbers(grads[field]!));
}

/** The losses on the engine under test, as a function of the inputs in `wrt`. */
function onEngine({ record, inputs, wrt, call }: GoldenCase): (xs: readonly X[]) => X {
  const options = Object.fromEntries(Object.entries(record.options).map(([k, v]) => [k, Array.isArray(v) ? tensor(v as Nested) : v]));
  const constants = Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, typeof v === 'number' ? v : tensor(v)]));
  return (xs) => call({ ...constants, ...Object.fromEntries(wrt.map((field, i) => [field, xs[i]])) }, options);
}

/** The losses that the engine under test computes. */
export const resultOf = async (c: GoldenCase): Promise<number[]> =>
  numbers(await read(onEngine(c)(c.wrt.map((field) => tensor(c.inputs[field]!)))));

/** The weighted gradient that the engine under test computes. */
export async function gradientOf(c: GoldenCase): Promise<number[]> {
  const f = onEngine(c);
  const xs = c.wrt.map((field) => tensor(c.inputs[field]!));
  const scalar = (own: readonly X[]): X => {
    const losses: X = f(own);
    const weights = backendOf<X>(losses).constant(weightsOfLosses(c));
    return ops.sum<X>(ops.mul(losses, ops.reshape(weights, ops.shape(losses))));
  };
  const { grads } = valueAndGradsOn(xs[0])(scalar, xs);
  return (await Promise.all(grads.map(read))).flatMap(numbers);
}
