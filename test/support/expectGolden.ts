import { expectWithin, gradientErrors, largestError, largestOf, type Accuracy } from './accuracy.js';
import { rounded } from './engine.js';
import { gradientInFloat64, gradientOf, lossesOf, movedLosses, numbers, resultOf, weightsOf, type GoldenCase } from './goldenCase.js';
import { fileOf, type Call, type Fields, type GoldenRecord } from './goldens.js';

/** Whether log-probs are closer to 0 than a step of differences. There, components of a gradient can be 1e11 and 1e-7. */
const isNearZero = ({ input }: GoldenRecord): boolean => input.includes('nearZero');

/** The record in words. */
const inputOf = ({ input, options }: GoldenRecord): string =>
  [input, ...Object.entries(options).map(([name, v]) => `${name} ${Array.isArray(v) ? 'per example' : String(v)}`)].join(', ');

type Fieldwise = (field: string) => boolean;
const isReward: Fieldwise = (field) => field === 'rewards';
const isLogps: Fieldwise = (field) => !isReward(field);

/** The largest gradient by some fields, of a record and of the realistic batches with the same options. */
function largestGradient(records: readonly GoldenRecord[], record: GoldenRecord, isWanted: Fieldwise): number {
  const options = (r: GoldenRecord): string => JSON.stringify(r.options, (_, v: unknown) => (Array.isArray(v) ? 'per example' : v));
  const others = records.filter((r) => r.source === record.source && /_B\d/.test(r.input) && options(r) === options(record));
  const grads = [record, ...others].flatMap((r) => Object.entries(r.outputs.grads).filter(([field]) => isWanted(field)));
  return largestOf(grads.flatMap(([, g]) => g.flatMap(numbers)));
}

/**
 * Asserts that values and gradients of one record are within the bounds of the engine. docs/accuracy.md defines the measures.
 *
 * @returns The errors.
 */
export async function expectGolden(name: string, record: GoldenRecord, call: Call, isSorted = false): Promise<Accuracy> {
  const { inputs: batches, records } = fileOf(name);
  const inputs = batches[record.input]!;
  const { losses, grads } = record.outputs;
  const wrt = Object.keys(grads);
  // In a sorted batch a loss belongs to a quantile, which depends on every example.
  const isPerExample = !isSorted && wrt.length > 0 && wrt.every((field) => grads[field]!.length === losses.length);
  const c: GoldenCase = { name, record, inputs, wrt, isPerExample, call };

  // Inputs that float32 cannot hold are rounded first. The exact results are then those of the rounded inputs.
  const held = Object.fromEntries(Object.entries(inputs).map(([field, x]) => [field, rounded(x)])) as Fields;
  const isHeld = JSON.stringify(held) === JSON.stringify(inputs);
  const atHeld = (exact: readonly number[], f: (x: Fields) => readonly number[]): readonly number[] => {
    if (isHeld) return exact;
    const [given, moved] = [f(inputs), f(held)];
    return exact.map((x, i) => x + moved[i]! - given[i]!);
  };
  // The error of an original, recorded with two digits.
  const doubt = (x: number): number => 1.1 * (record.agreement?.[record.source] ?? 0) * Math.max(1, Math.abs(x));

  const moved = movedLosses(c);
  const value = largestError(inputOf(record), {
    got: await resultOf(c),
    exact: atHeld(losses, (x) => lossesOf(c, x)),
    scale: (i) => Math.abs(losses[i]!) + moved[i]!,
    doubt: (i) => doubt(losses[i]!),
  });
  expectWithin('value', value);
  if (wrt.length === 0) return { name, value };

  const exact = wrt.flatMap((field) => grads[field]!.flatMap(numbers));
  const weights = weightsOf(c);
  const unweighted = (g: readonly number[]): number[] => g.map((x, i) => x / weights[i]!);
  const got = unweighted(await gradientOf(c));
  const target = atHeld(exact, (x) => unweighted(gradientInFloat64(c, x)));
  const places = wrt.flatMap((field) =>
    grads[field]!.flatMap((row, i) => numbers(row).map((_, k) => ({ field, at: `${field}[${Array.isArray(row) ? `${i}, ${k}` : i}]` }))),
  );
  const by = (isWanted: Fieldwise) => {
    const wanted = places.flatMap(({ field }, i) => (isWanted(field) ? [i] : []));
    return {
      got: wanted.map((i) => got[i]!),
      exact: wanted.map((i) => target[i]!),
      at: (i: number) => places[wanted[i]!]!.at,
      doubt: (i: number) => doubt(exact[wanted[i]!]!),
    };
  };
  const { gradient, component } = gradientErrors(inputOf(record), by(isLogps), largestGradient(records, record, isLogps));
  if (isNearZero(record)) expectWithin('nearZero', component);
  const components = isNearZero(record) ? { nearZero: component } : isHeld ? { component } : {};
  if (!wrt.includes('rewards')) return { name, value, gradient, ...components };
  // Rewards are data. A gradient by them is a difference of nearly equal terms.
  const largest = largestGradient(records, record, isReward);
  const rewards = largestError(inputOf(record), { ...by(isReward), scale: () => largest });
  return { name, value, gradient, ...components, rewards };
}
