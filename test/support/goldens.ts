import { expect } from 'vitest';
import { ops, type Nested } from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { derivatives, epsilon, flatten, isArrays, read, rounded, tensor, type X } from './engine.js';
import { weight } from './samples.js';

type Fields = Readonly<Record<string, Nested>>;

/** Values and gradients that an original implementation gave; see tools/goldens/README.md. */
export interface GoldenRecord {
  readonly source: string;
  readonly input: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** How far each original is from 50 digits, where it takes part. */
  readonly agreement?: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, unknown>> & {
    readonly losses: readonly number[];
    readonly grads: Readonly<Record<string, readonly Nested[]>>;
  };
}

/** One golden file. */
export interface GoldenFile {
  readonly inputs: Readonly<Record<string, Fields>>;
  readonly records: readonly GoldenRecord[];
}

const files = import.meta.glob<GoldenFile>('../goldens/*.json', { eager: true, import: 'default' });
const nameOf = (path: string): string => path.replace('../goldens/', '').replace('.json', '');

/** What there are golden files of. */
export const goldenNames = Object.keys(files).map(nameOf);

/** The golden file of a loss. */
export const fileOf = (name: string): GoldenFile => files[`../goldens/${name}.json`]!;

/** The largest errors of one record, in units of what rounding the inputs alone does, and of the largest gradient. */
export interface Accuracy {
  readonly forward: number;
  readonly backward: number;
}

// Below it, float32 has no full digits; engines flush such numbers to 0.
const SMALLEST_NORMAL = 2 ** -126;

/** What to call for a record: the loss on tensors by field name. */
export type Call = (fields: Readonly<Record<string, X>>, options: Readonly<Record<string, X>>) => X;

/** The records of a golden file with the names of their tests. */
export const cases = (file: unknown): [string, GoldenRecord][] =>
  (file as GoldenFile).records.map((r) => [`${r.source} on ${r.input} with ${JSON.stringify(r.options)}`, r]);

const absolutes = (x: Nested): number[] => flatten(x as Values).map(Math.abs);
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const largestOf = (values: readonly number[]): number => Math.max(0, ...values);

/** The part of an input that belongs to one example, or all of it where examples are not rows of it. */
const partOf = (x: Nested, example: number, count: number): Nested =>
  Array.isArray(x) && x.length === count ? (x as Nested[])[example]! : x;

/** How far rounding the inputs alone can move the loss of one example: the sum of |x dloss/dx|. */
function movedBy(inputs: Fields, grads: GoldenRecord['outputs']['grads'], example: number, count: number): number {
  const part = (x: Nested): Nested => partOf(x, example, count);
  const steepest = largestOf(Object.values(grads).flatMap((g) => absolutes(part(g as Nested))));
  return total(
    Object.entries(inputs).map(([name, x]) => {
      const own = grads[name] ?? grads[name.replace(/^reference/, 'policy')];
      const sizes = absolutes(part(x));
      if (own === undefined) return total(sizes) * steepest; // kl moves the loss as much as the policy does
      const slopes = absolutes(part(own as Nested));
      return total(sizes.map((size, i) => size * slopes[i]!));
    }),
  );
}

/**
 * Asserts value and gradient of one record: on arrays to 1e-12 of max(1, |value|). On an engine in float32, to its epsilon
 * of `|loss| + sum over inputs of |x * dloss/dx|`, which is what rounding the inputs alone can do, and the gradients to
 * its epsilon of the largest one.
 */
export async function expectGolden(file: unknown, record: GoldenRecord, call: Call, isSorted = false): Promise<Accuracy> {
  const inputs = (file as GoldenFile).inputs[record.input]!;
  const { losses, grads } = record.outputs;
  const wrt = Object.keys(grads);
  const options = Object.fromEntries(Object.entries(record.options).map(([k, v]) => [k, Array.isArray(v) ? tensor(v as Nested) : v]));
  const constants = Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, typeof v === 'number' ? v : tensor(v)]));
  const f = (...xs: X[]): X => call({ ...constants, ...Object.fromEntries(wrt.map((name, i) => [name, xs[i]])) }, options);

  const got = flatten((await read(f(...wrt.map((name) => tensor(inputs[name]!))))) as Values);
  expect(got.length).toBe(losses.length);
  // In a sorted batch a loss belongs to a quantile: there the whole batch moves each.
  const isPerExample = !isSorted && Object.values(grads).every((g) => g.length === losses.length);
  // An original in float64 has no more digits than that of a loss that it computes as a difference.
  const ownError = record.source === 'exact' ? SMALLEST_NORMAL : 1e-15;
  let [forward, backward] = [0, 0];
  losses.forEach((loss, i) => {
    const moved = wrt.length === 0 ? 1 : isPerExample ? movedBy(inputs, grads, i, losses.length) : movedBy(inputs, grads, 0, -1);
    const unit = isArrays ? Math.max(1, Math.abs(loss)) : Math.abs(loss) + moved;
    expectClose(got[i]!, loss, { relative: 0, absolute: epsilon * unit + (isArrays ? 0 : ownError) });
    forward = Math.max(forward, Math.max(0, Math.abs(got[i]! - loss) - ownError) / unit || 0);
  });
  if (wrt.length === 0) return { forward, backward };

  // Differences cannot resolve a gradient of 1e-1 beside others of 1e11.
  const isSteep = record.input.includes('nearZero');
  if (isSteep && isArrays) return { forward, backward };

  // d sum(losses): the records have no weights, so those of the support function are divided out.
  const { grads: weighted } = await derivatives(
    isPerExample ? f : (...xs: X[]) => ops.sum<X>(f(...xs)),
    wrt.map((name) => rounded(inputs[name]!)),
  );
  const largest = largestOf(wrt.flatMap((name) => absolutes(grads[name]!)));
  // What float32 does not hold is rounded on the way in; and the only gradient of a batch of one may be near its zero.
  const isExact = Object.values(inputs).every((x) => absolutes(x).every((v) => Math.fround(v) === v));
  const bound = isArrays ? 1e-6 : isExact && losses.length > 1 ? epsilon : 10 * epsilon;
  wrt.forEach((name, n) => {
    // Rewards are data: nobody needs their gradient, a difference of nearly equal terms. In float64 it is checked.
    if (name === 'rewards' && !isArrays) return;
    const own = (weighted[n] as Nested[]).map((row, i) => flatten(row as Values).map((g) => g / weight(isPerExample ? i : 0)));
    const expected = grads[name]!.map((row) => flatten(row as Values));
    // Central differences on arrays resolve what the size of the losses lets them.
    const floor = isArrays ? 1e-10 * Math.max(1, ...losses.map(Math.abs)) : SMALLEST_NORMAL;
    if (isSteep) {
      expectClose(own, expected, { relative: 10 * epsilon });
      return;
    }
    expectClose(own, expected, { relative: 0, absolute: bound * largest + floor });
    const [flatOwn, flatExpected] = [own.flat(), expected.flat()];
    const worst = largestOf(flatOwn.map((g, i) => Math.max(0, Math.abs(g - flatExpected[i]!) - floor)));
    backward = Math.max(backward, worst / largest || 0);
  });
  return { forward, backward };
}
