import { arrays } from '../../backend/arrays/arrays.js';
import { isSame } from '../../backend/arrays/shapes.js';
import { float64Of, type DataTensor } from '../../backend/arrays/tensor.js';
import { valueAndInputGrads } from '../../backend/arrays/valueAndGrads.js';
import { sum } from '../../backend/ops.js';
import type { Nested } from '../../backend/types.js';
import { losses, type LossName } from '../../catalogue.js';
import type { Check } from './check.js';
import { firstOff, largestOf, SMALLEST_NORMAL, unitOf, type Errors, type Precision, type Tolerance } from './closeness.js';
import { onArrays } from './expected.js';
import { callGolden, type Fields, type GoldenRecord, type LossGoldens } from './lossGoldens.js';
import type { Subject } from './subject.js';
import { floats, type AnyTensor } from './valueCase.js';

/** Errors that are allowed, in units of the precision: those of the tests of this library on GPUs. */
const UNITS = 80;

/** One result to compare with. */
interface Golden {
  readonly name: LossName;
  readonly record: GoldenRecord;
  readonly inputs: Fields<Nested>;
  /** All records of the loss. */
  readonly others: readonly GoldenRecord[];
}

const wordsOf = ({ record: { input, options } }: Golden): string => `${input} with ${JSON.stringify(options)}`;

/** Results in float64 at inputs that float32 holds: those of the goldens, moved by what rounding the inputs changes. */
interface Target {
  readonly losses: readonly number[];
  readonly grads: Fields<readonly number[]>;
  /** The sizes of the losses, plus how far they move with the inputs. */
  readonly scales: readonly number[];
}

const flat = (x: Nested): number[] => Array.from(arrays.peek(x)!);
const wrtOf = ({ record }: Golden): string[] => Object.keys(record.outputs.grads);

/** Losses and gradients of their sum on plain arrays. */
function onPlain(golden: Golden, inputs: Fields<Nested>): { losses: number[]; grads: Record<string, number[]> } {
  const { name, record } = golden;
  const wrt = wrtOf(golden);
  const all = Object.fromEntries(Object.entries(inputs).map(([field, x]) => [field, onArrays({ values: x, kind: 'float' })]));
  // The inputs are not rounded here.
  for (const [field, x] of Object.entries(inputs)) float64Of(all[field]!).set(flat(x));
  const lossesOf = (own: Fields<DataTensor>): DataTensor => callGolden(name, { ...all, ...own }, record.options);
  const values = Array.from(float64Of(lossesOf({})));
  if (wrt.length === 0) return { losses: values, grads: {} };
  const { grads } = valueAndInputGrads(
    (xs) => sum(lossesOf(Object.fromEntries(wrt.map((field, i) => [field, xs[i]!])))),
    wrt.map((field) => all[field]!),
  );
  return { losses: values, grads: Object.fromEntries(wrt.map((field, i) => [field, Array.from(float64Of(grads[i]!))])) };
}

/**
 * The largest gradient by a field, of the batch or, if that is larger, of the median batch with the same options: at a batch alone, it may
 * be a difference of equal terms.
 */
function largestBy({ record, others }: Golden, field: string): number {
  const largest = others
    .filter(({ options, outputs }) => outputs.grads[field] !== undefined && JSON.stringify(options) === JSON.stringify(record.options))
    .map(({ outputs }) => largestOf(flat(outputs.grads[field]!)))
    .sort((a, b) => a - b);
  return Math.max(largestOf(flat(record.outputs.grads[field]!)), largest[largest.length >> 1]!);
}

const known = new WeakMap<GoldenRecord, Target>();

function targetOf(golden: Golden): Target {
  const found = known.get(golden.record) ?? computeTarget(golden);
  known.set(golden.record, found);
  return found;
}

function computeTarget(golden: Golden): Target {
  const { inputs, record } = golden;
  const { outputs } = record;
  const held = Object.fromEntries(Object.entries(inputs).map(([field, x]) => [field, floats(x).values])) as Fields<Nested>;
  const [given, moved] = [onPlain(golden, inputs), onPlain(golden, held)];
  const at = (exact: readonly number[], before: readonly number[], after: readonly number[]) =>
    exact.map((x, i) => x + after[i]! - before[i]!);
  return {
    losses: at(outputs.losses, given.losses, moved.losses),
    grads: Object.fromEntries(
      wrtOf(golden).map((field) => [field, at(flat(outputs.grads[field]!), given.grads[field]!, moved.grads[field]!)]),
    ),
    scales: scalesOf(golden, held, moved.losses),
  };
}

const STEP = 2 ** -20;
/** Fields that are exact in float32. */
const DISCRETE = ['desirable', 'labels', 'mask', 'quantile', 'selected', 'tie', 'chosenLengths', 'rejectedLengths'];

/** The sizes of the losses, plus how far they move with each of their inputs: how far rounding may move them. */
function scalesOf({ name, record }: Golden, inputs: Fields<Nested>, values: readonly number[]): number[] {
  const scales = values.map(Math.abs);
  for (const [field, x] of Object.entries(inputs)) {
    if (DISCRETE.includes(field)) continue;
    const numbers = flat(x);
    // The values of independent examples move together.
    const width = Math.max(1, numbers.length / values.length);
    for (let group = 0; group < width; group++) {
      const by = (step: number): number[] => {
        const changed = numbers.map((v, i) => (i % width === group ? v * (1 + step) : v));
        return flat(callGolden<Nested>(name, { ...inputs, [field]: arrays.reshape(changed, arrays.shape(x)) }, record.options));
      };
      const [up, down] = [by(STEP), by(-STEP)];
      scales.forEach((scale, i) => (scales[i] = scale + Math.abs(up[i]! - down[i]!) / (2 * STEP)));
    }
  }
  return scales;
}

/** The losses of a golden on the engine, as a function of the fields that it has gradients of. */
function onEngine(
  { backend, make }: Subject,
  golden: Golden,
  made: AnyTensor[],
): { f: (xs: readonly AnyTensor[]) => AnyTensor; xs: AnyTensor[] } {
  const { name, record, inputs } = golden;
  const noted = (values: Nested): AnyTensor => {
    const x = make(floats(values));
    made.push(x);
    return x;
  };
  const wrt = wrtOf(golden);
  const options = Object.fromEntries(Object.entries(record.options).map(([key, x]) => [key, Array.isArray(x) ? noted(x as Nested) : x]));
  const all = Object.fromEntries(
    Object.entries(inputs).map(([field, x]) => [field, typeof x === 'number' ? (Math.fround(x) as unknown as AnyTensor) : noted(x)]),
  );
  const f = (xs: readonly AnyTensor[]): AnyTensor =>
    backend.scope(() => callGolden(name, { ...all, ...Object.fromEntries(wrt.map((field, i) => [field, xs[i]!])) }, options));
  return { f, xs: wrt.map((field) => all[field]!) };
}

type Results = readonly { readonly golden: Golden; readonly results: readonly AnyTensor[] }[];

/** Computes all goldens of a loss, reads the results at once and compares them. */
async function problemsOf(
  subject: Subject,
  goldens: readonly Golden[],
  compute: (f: (xs: readonly AnyTensor[]) => AnyTensor, xs: AnyTensor[]) => readonly AnyTensor[],
  compare: (golden: Golden, values: readonly ArrayLike<number>[], precision: Precision, errors: Errors) => string | undefined,
  errors: Errors,
): Promise<string[]> {
  const { backend, free, live } = subject;
  const problems: string[] = [];
  const before = live() ?? 0;
  const made: AnyTensor[] = [];
  const done: Results = goldens.flatMap((golden) => {
    try {
      const { f, xs } = onEngine(subject, golden, made);
      return [{ golden, results: backend.scope(() => compute(f, xs)) }];
    } catch (error) {
      problems.push(`${wordsOf(golden)}: throws ${(error as Error).message}`);
      return [];
    }
  });
  const all = done.flatMap(({ results }) => results);
  const values = all.length > 0 ? await backend.read(all) : [];
  const precision = await subject.precision();
  let at = 0;
  for (const { golden, results } of done) {
    const wrong = results.find(
      (x, i) => compare === lossesOff && i === 0 && !isSame(backend.shape(x), [golden.record.outputs.losses.length]),
    );
    const off = wrong
      ? `the losses have the shape [${backend.shape(wrong).join(', ')}]`
      : compare(golden, values.slice(at, at + results.length), precision, errors);
    at += results.length;
    if (off) problems.push(`${wordsOf(golden)}: ${off}`);
  }
  free([...all, ...made]);
  const left = (live() ?? 0) - before;
  if (left !== 0 && problems.length === 0) problems.push(`${left} tensors are left in memory, expected 0`);
  return problems;
}

/** What a golden, computed in float64, may itself be off by. */
const DOUBT = 1e-12;

/** The tolerance of a number whose error is relative to `scale`, beside a golden of the given size. */
const tolerance = (scale: number, size: number, precision: Precision): Tolerance => ({
  unit: unitOf(precision) * scale,
  most: UNITS,
  slack: DOUBT * Math.max(1, size) + SMALLEST_NORMAL,
});

function lossesOff(golden: Golden, [values]: readonly ArrayLike<number>[], precision: Precision, errors: Errors): string | undefined {
  const { losses: expected, scales } = targetOf(golden);
  const off = firstOff(values!, expected, (i) => tolerance(scales[i]!, Math.abs(expected[i]!), precision), errors);
  return off && `the loss ${off}`;
}

function gradsOff(golden: Golden, values: readonly ArrayLike<number>[], precision: Precision, errors: Errors): string | undefined {
  const { grads, losses: lossValues } = targetOf(golden);
  for (const [i, field] of wrtOf(golden).entries()) {
    // A gradient by rewards is a difference of terms of the size of the losses.
    const largest = Math.max(largestBy(golden, field), field === 'rewards' ? largestOf(lossValues) : 0);
    const off = firstOff(values[i]!, grads[field]!, () => tolerance(largest, largest, precision), errors);
    if (off) return `the gradient by ${field} ${off}`;
  }
  return undefined;
}

/** The records of a loss, one for each batch and options; the last one, as it is the one in 50 digits in the files of this library. */
function goldensOf(name: LossName, { inputs, records }: LossGoldens): Golden[] {
  const byCall = new Map(records.map((record) => [JSON.stringify([record.input, record.options]), record]));
  return [...byCall.values()].map((record) => ({ name, record, inputs: inputs[record.input]!, others: records }));
}

/** Checks of every loss of the catalogue that goldens are given for: values and gradients, also under each transform. */
export function goldenChecks({ engine: { transforms = {} }, gradients }: Subject, files: Readonly<Record<string, LossGoldens>>): Check[] {
  const names = (Object.keys(losses) as LossName[]).filter((name) => Object.hasOwn(files, name));
  return names.flatMap((name) => {
    const goldens = goldensOf(name, files[name]!);
    const prepare = () => {
      goldens.forEach(targetOf);
    };
    const check = (how: string, compute: Parameters<typeof problemsOf>[2], compare: Parameters<typeof problemsOf>[3]): Check => ({
      name: [name, how].filter(Boolean).join(', '),
      group: 'losses',
      prepare,
      problems: (subject, errors) =>
        problemsOf(
          subject,
          compare === gradsOff ? goldens.filter((golden) => wrtOf(golden).length > 0) : goldens,
          compute,
          compare,
          errors,
        ),
    });
    return [
      check('', (f, xs) => [f(xs)], lossesOff),
      ...Object.entries(transforms).map(([how, transform]) =>
        check(`under ${how}`, (f, xs) => [transform((...own) => f(own))(...xs)], lossesOff),
      ),
      ...Object.entries(gradients).map(([of, gradient]) => check(of, (f, xs) => gradient((...own) => sum(f(own)), xs).grads, gradsOff)),
    ];
  });
}
