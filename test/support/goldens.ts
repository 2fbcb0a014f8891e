import { expect } from 'vitest';
import type { Nested } from '../../src/index.js';
import { expectClose, type Values } from '../../src/testing/index.js';
import { derivatives, epsilon, flatten, isArrays, read, rounded, tensor, type X } from './engine.js';

type Fields = Readonly<Record<string, Nested>>;

/** A value and gradient that an original implementation gave; see tools/goldens/README.md. */
export interface GoldenRecord {
  readonly source: string;
  readonly input: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly outputs: { readonly losses: readonly number[]; readonly grads: Readonly<Record<string, readonly number[]>> };
}

/** One golden file. */
export interface GoldenFile {
  readonly inputs: Readonly<Record<string, Fields>>;
  readonly records: readonly GoldenRecord[];
}

// Below it, float32 has no full digits; engines flush such numbers to 0.
const SMALLEST_NORMAL = 2 ** -126;

/** What to call for a record: the loss on tensors by field name. */
export type Call = (fields: Readonly<Record<string, X>>, options: Readonly<Record<string, X>>) => X;

/** The records of a golden file with the names of their tests. */
export const cases = (file: unknown): [string, GoldenRecord][] =>
  (file as GoldenFile).records.map((r) => [`${r.source} on ${r.input} with ${JSON.stringify(r.options)}`, r]);

/**
 * Asserts value and gradient of one record: on arrays to 1e-12 of max(1, |value|). On an engine in float32, to its epsilon
 * of `|loss| + sum over inputs of |x * dloss/dx|`, which is what rounding the inputs alone can do, and the gradients to
 * its epsilon of the largest one.
 */
export async function expectGolden(file: unknown, record: GoldenRecord, call: Call): Promise<void> {
  const inputs = (file as GoldenFile).inputs[record.input]!;
  const { losses, grads } = record.outputs;
  const wrt = Object.keys(grads);
  const options = Object.fromEntries(Object.entries(record.options).map(([k, v]) => [k, Array.isArray(v) ? tensor(v as Nested) : v]));
  const constants = Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, typeof v === 'number' ? v : tensor(v)]));
  const f = (...xs: X[]): X => call({ ...constants, ...Object.fromEntries(wrt.map((name, i) => [name, xs[i]])) }, options);

  const got = flatten((await read(f(...wrt.map((name) => tensor(inputs[name]!))))) as Values);
  expect(got.length).toBe(losses.length);
  losses.forEach((loss, i) => {
    // An input without a gradient of its own (the reference, kl) moves the loss as much as the policy does.
    const slope = Math.max(...wrt.map((name) => Math.abs(grads[name]![i]!)));
    const moved =
      slope * Object.values(inputs).reduce<number>((total, x) => total + Math.abs(typeof x === 'number' ? x : (x[i] as number)), 0);
    expectClose(got[i]!, loss, {
      relative: 0,
      absolute: isArrays ? epsilon * Math.max(1, Math.abs(loss)) : epsilon * (Math.abs(loss) + moved) + SMALLEST_NORMAL,
    });
  });

  // Differences cannot resolve a gradient of 1e-1 beside others of 1e11.
  const isSteep = record.input.includes('nearZero');
  if (isSteep && isArrays) return;

  // d sum(losses): the records have no weights, so those of the support function are divided out.
  const { grads: weighted } = await derivatives(
    f,
    wrt.map((name) => rounded(inputs[name]!)),
  );
  const weights = losses.map((_, i) => Math.fround(1 + 0.4 * Math.sin(3 * i + 1)));
  const largest = Math.max(...wrt.flatMap((name) => grads[name]!.map(Math.abs)));
  wrt.forEach((name, n) => {
    const own = (weighted[n] as number[]).map((g, i) => g / weights[i]!);
    // Central differences on arrays resolve what the size of the losses lets them.
    const floor = isArrays ? 1e-10 * Math.max(1, ...losses.map(Math.abs)) : 0;
    if (isSteep) expectClose(own, grads[name]!, { relative: 10 * epsilon });
    else expectClose(own, grads[name]!, { relative: 0, absolute: (isArrays ? 1e-6 : 10 * epsilon) * largest + floor });
  });
}
