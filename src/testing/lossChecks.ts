import { arrays } from '../backend/arrays/arrays.js';
import type { Nested } from '../backend/types.js';
import type { LossKind } from '../internal/lossKind.js';
import { centralDifferences } from './centralDifferences.js';
import { onArrays, placed, referenceOf, type Input, type LossInputs, type Point, type Side } from './lossInputs.js';
import { problemOf } from './lossProblem.js';
import type { InputReport, Places } from './lossReport.js';

/** Options of a loss. */
export type LossOptions = Readonly<Record<string, unknown>>;

/** A loss with its arguments. */
export interface Subject {
  readonly inputs: LossInputs;
  readonly options: LossOptions;
  /** Calls the loss. */
  readonly call: (batch: object, options: LossOptions) => unknown;
}

/** The losses at a point, in float64. */
function valuesAt({ inputs, options, call }: Subject, point: Point, given: LossOptions = options): number[] {
  const losses = call(inputs.batch((_, i) => onArrays(inputs, i, point)), given) as Nested; // prettier-ignore
  const sizes = arrays.shape(losses);
  if (sizes.length !== 1 || sizes[0] !== inputs.rows) {
    throw new RangeError(`the loss has shape [${sizes.join(', ')}], expected [${inputs.rows}]`);
  }
  return [...(losses as readonly number[])];
}

/** The first of the values that is not finite. */
export const firstNotFinite = (values: ArrayLike<number>): number | undefined => Array.from(values).find((x) => !Number.isFinite(x));

/** What is not finite at a point, or the error that the loss throws there. */
export function notFinite(subject: Subject, point: Point): string | undefined {
  try {
    const value = firstNotFinite(valuesAt(subject, point));
    return value === undefined ? undefined : `it is ${value}`;
  } catch (error) {
    return problemOf(error);
  }
}

const sampleOf = ({ inputs }: Subject): Point => inputs.leaves.map(({ values }) => values);

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const closeTo = (a: readonly number[], b: readonly number[], tolerance = 1e-8): boolean =>
  a.every((x, i) => Math.abs(x - b[i]!) <= tolerance * (1 + Math.abs(x)));

/** Batches in which the policy is behind, level and ahead. Their rows differ in the size of the log-probs by up to a tenth. */
function placesOf(inputs: LossInputs): Record<keyof Places, Point> {
  const own = inputs.leaves.filter(({ role }) => role?.model === 'policy').flatMap(({ values }) => [...values]);
  const [base, step] = [mean(own), mean(own.map(Math.abs)) / 3];
  const at = (distance: number): Point =>
    placed(inputs, (model, side, row) => {
      const moved = model === 'policy' ? distance * (side === 'best' ? 1 : -1) : 0;
      return base * (1 + (0.1 * row) / inputs.rows) + moved;
    });
  return { behind: at(-step), level: at(0), ahead: at(step) };
}

interface Dependence {
  readonly loss: Places;
  readonly inputs: Readonly<Record<string, InputReport>>;
}

/** Losses and slopes where the policy is behind, level and ahead. */
export function dependence(subject: Subject): Dependence {
  const places = placesOf(subject.inputs);
  const points = { ...places, sample: sampleOf(subject) };
  const slopes = (isHeld: boolean) => mapValues(points, (point) => gradients(subject, point, isHeld));
  const [held, free] = [slopes(true), slopes(false)];
  const elementsOf = ({ leaf, elements }: Input, of: Record<string, Point>): number[] =>
    Object.values(of).flatMap((grads) => elements.map((i) => grads[leaf]![i]!));
  const largest = Math.max(...subject.inputs.inputs.flatMap((input) => elementsOf(input, free)).map(Math.abs));
  const gradient = (input: Input): InputReport['gradient'] => {
    const [passed, changes] = [elementsOf(input, held), elementsOf(input, free)];
    if (changes.every((x, i) => Math.abs(x - passed[i]!) <= 1e-6 * largest)) return 'passes';
    return passed.every((x) => Math.abs(x) <= 1e-9 * largest) ? 'detached' : 'partly detached';
  };
  const slope = ({ leaf, elements }: Input): Places => {
    // A scalar moves the losses of all rows.
    const count = subject.inputs.leaves[leaf]!.shape.length === 0 ? subject.inputs.rows : elements.length;
    return mapValues(places, (_, place) => {
      const average = elements.reduce((sum, i) => sum + held[place][leaf]![i]!, 0) / count;
      return Math.abs(average) <= 1e-9 * largest ? 0 : average;
    });
  };
  return {
    loss: mapValues(places, (point) => mean(valuesAt(subject, point))),
    inputs: Object.fromEntries(subject.inputs.inputs.map((input) => [input.name, { slope: slope(input), gradient: gradient(input) }])),
  };
}

const mapValues = <K extends string, V, R>(record: Readonly<Record<K, V>>, f: (value: V, key: K) => R): Record<K, R> =>
  Object.fromEntries(Object.entries<V>(record).map(([key, value]) => [key, f(value, key as K)])) as Record<K, R>;

/** The gradient of the summed losses with respect to each leaf; zeros for leaves that cannot be differentiated. */
function gradients(subject: Subject, point: Point, isHeld: boolean): Point {
  const indices = [...new Set(subject.inputs.inputs.map(({ leaf }) => leaf))];
  const sum = (moved: Point): number => {
    const all = point.map((values, i) => (indices.includes(i) ? moved[indices.indexOf(i)]! : values));
    return valuesAt(subject, all).reduce((a, b) => a + b, 0);
  };
  const { grads } = centralDifferences(sum, indices.map((i) => point[i]!), { isHeld }); // prettier-ignore
  return point.map((values, i) => (indices.includes(i) ? grads[indices.indexOf(i)]! : values.map(() => 0)));
}

/** Whether completions have neither labels nor other sides, so that no direction is the right one. */
const isOneSided = (kind: LossKind): boolean => kind === 'completions' || kind === 'referenceFreeCompletions';

/** Inputs that push the loss the wrong way where the policy is behind or level. */
export function wrongDirections({ inputs: { kind, inputs } }: Subject, { inputs: reports }: Dependence): string[] {
  if (isOneSided(kind)) return [];
  const largest = Math.max(...Object.values(reports).flatMap(({ slope }) => Object.values(slope) as number[]).map(Math.abs)); // prettier-ignore
  // Raising the best side of the policy, or the other side of the reference, should lower the loss.
  const sign = ({ model, side }: Input): number => ((model === 'policy') === (side === 'best') ? 1 : -1);
  const ranked = inputs.filter(({ model }) => model !== undefined);
  // The sides of a pair are judged together, because a loss may lower both; single examples are judged alone.
  const groups =
    kind === 'examples'
      ? ranked.map((input) => [input])
      : [ranked.filter(({ model }) => model === 'policy'), ranked.filter(({ model }) => model === 'reference')];
  return groups.flatMap((group) =>
    (['behind', 'level'] as const)
      .filter((place) => group.reduce((sum, input) => sum + sign(input) * reports[input.name]!.slope[place], 0) > 1e-6 * largest)
      .slice(0, 1)
      .map((place) => {
        const words = group.map((input) => `${input.name} ${sign(input) > 0 ? 'rises' : 'falls'}`).join(' and ');
        return `where the policy is ${place === 'level' ? 'level' : 'behind'}, the loss rises as ${words}, expected it to fall`;
      }),
  );
}

/** How the loss depends on the log-probs where policy and reference agree, or undefined if it does not. */
export function variesAtReference(subject: Subject): string | undefined {
  const { inputs } = subject;
  if (!inputs.leaves.some(({ role }) => role?.model === 'reference')) return undefined;
  const agreeing = inputs.leaves.map(
    (leaf) => (leaf.role?.model === 'policy' ? referenceOf(inputs, leaf)?.values : undefined) ?? leaf.values,
  );
  const [level, other] = [placesOf(inputs).level, agreeing].map((point) => valuesAt(subject, point)) as [number[], number[]];
  const row = level.findIndex((value, i) => !closeTo([value], [other[i]!]));
  if (row < 0) return undefined;
  return `where policy = reference, the loss depends on the log-probs: it is ${digits(level[row]!)} and ${digits(other[row]!)}`;
}

const digits = (x: number): string => `${Number(x.toPrecision(4))}`;

/** Whether each row has the same loss alone as in the batch. */
export function isPerRow(subject: Subject): boolean {
  const { inputs, options, call } = subject;
  const whole = valuesAt(subject, sampleOf(subject));
  return whole.every((value, row) => {
    const cut = (x: unknown): unknown => (Array.isArray(x) && x.length === inputs.rows ? [x[row]] : x);
    const batch = inputs.batch((_, i) => cut(onArrays(inputs, i)));
    const alone = call(batch, Object.fromEntries(Object.entries(options).map(([key, x]) => [key, cut(x)])));
    return Array.isArray(alone) && alone.length === 1 && closeTo([value], alone as number[]);
  });
}

/** Where the properties of DPO are examined. The policy is far enough ahead in one of them to be past the kink of a hinge. */
const examined = (subject: Subject): readonly Point[] => [sampleOf(subject), placesOf(subject.inputs).ahead];

/** Whether adding a constant to all log-probs of the policy changes nothing; null for single examples. */
export function ignoresShift(subject: Subject): boolean | null {
  const { kind, leaves } = subject.inputs;
  if (kind === 'examples' || isOneSided(kind)) return null;
  return examined(subject).every((point) => {
    const moved = point.map((values, i) => (leaves[i]!.role?.model === 'policy' ? values.map((x) => x - 3.75) : values));
    return closeTo(valuesAt(subject, point), valuesAt(subject, moved));
  });
}

/** Whether exchanging the sides adds the same multiple of the margin to the loss of every row; null if there are no pairs. */
export function exchangesLikeDpo(subject: Subject): boolean | null {
  const { inputs } = subject;
  if (!['pairs', 'referenceFreePairs', 'rewards'].includes(inputs.kind)) return null;
  const multiples = examined(subject).flatMap((point) => {
    const side = (model: string, wanted: Side): Float64Array | undefined =>
      point[inputs.leaves.findIndex(({ role }) => role?.model === model && role.sides[0] === wanted)];
    const ratio = (wanted: Side, row: number): number => side('policy', wanted)![row]! - (side('reference', wanted)?.[row] ?? 0);
    const exchanged = placed(inputs, (model, wanted, row) => side(model, wanted === 'best' ? 'other' : 'best')![row]!);
    const [plain, after] = [valuesAt(subject, point), valuesAt(subject, exchanged)];
    return after.map((loss, row) => (loss - plain[row]!) / (ratio('best', row) - ratio('other', row)));
  });
  return multiples.every((multiple) => multiple > 0 && closeTo([multiple], [multiples[0]!], 1e-6));
}

/** Whether half the beta with twice the log-ratios gives the same loss; null if there is no such option. */
export function scalesLikeDpo(subject: Subject): boolean | null {
  const { inputs, options } = subject;
  const half = halved(options.beta);
  if (half === undefined) return null;
  return examined(subject).every((point) => {
    const doubled = inputs.leaves.map((leaf, i) => {
      if (leaf.role?.model !== 'policy') return point[i]!;
      const from = point[inputs.leaves.indexOf(referenceOf(inputs, leaf)!)];
      return point[i]!.map((x, n) => 2 * x - (from?.[n] ?? 0));
    });
    return closeTo(valuesAt(subject, point), valuesAt(subject, doubled, { ...options, beta: half }));
  });
}

function halved(x: unknown): unknown {
  if (typeof x === 'number') return x / 2;
  return Array.isArray(x) ? x.map((value: number) => value / 2) : undefined;
}

/** Fields and options that change nothing, neither in the sample nor where the policy is behind, level or ahead. */
export function unused(subject: Subject): string[] {
  const { inputs, options } = subject;
  const points = [sampleOf(subject), ...Object.values(placesOf(inputs))];
  const changes = (change: (point: Point) => Point, given: LossOptions): boolean =>
    points.some((point) => {
      const before = valuesAt(subject, point);
      try {
        return valuesAt(subject, change(point), given).some((x, i) => x !== before[i]);
      } catch {
        return true; // The loss refuses the change, so it looks at it.
      }
    });
  const moved = (index: number) => (point: Point) => {
    const { role, path } = inputs.leaves[index]!;
    const move = path === 'desirable' || path === 'tie' ? (x: number) => 1 - x : (x: number, i: number) => (role ? x - 1 - i : x + 1 + i);
    return point.map((values, i) => (i === index ? values.map(move) : values));
  };
  const varied = Object.entries(options).filter(([, x]) => halved(x) !== undefined);
  return [
    ...inputs.leaves.flatMap(({ path }, i) => (path === 'mask' || changes(moved(i), options) ? [] : [path])),
    ...varied
      .filter(([key, x]) => !changes((point) => point, { ...options, [key]: x === 0 ? 0.1 : halved(x) }))
      .map(([key]) => `option ${key}`),
  ];
}
