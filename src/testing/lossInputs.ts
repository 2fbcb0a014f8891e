import { arrays } from '../backend/arrays/arrays.js';
import { describe } from '../backend/describe.js';
import { backendOf } from '../backend/registry.js';
import type { Backend, DType, Nested } from '../backend/types.js';
import { checkChoice, checkTensor, type Checked } from '../internal/checks.js';
import type { LossKind } from '../internal/lossKind.js';
import { isRecord, mapLeaves, valuesOf } from './leaves.js';

/** The side of a log-prob that a loss should raise, and the other one. */
export type Side = 'best' | 'other';

/** What the values of a leaf are: log-probs, or rewards, of one model, each of one of the sides. */
interface Role {
  readonly model: 'policy' | 'reference';
  readonly sides: readonly Side[];
}

/** One tensor or number of the batch. */
export interface Leaf {
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Whether the loss is given a plain number. */
  readonly isNumber: boolean;
  /** The values of the sample. */
  readonly values: Float64Array;
  /** Undefined if these are not log-probs or rewards of the sides. */
  readonly role: Role | undefined;
}

/** Values of all leaves, in their order. */
export type Point = readonly Float64Array[];

/** Some of the values of a leaf, as the report names them. */
export interface Input {
  readonly name: string;
  readonly leaf: number;
  readonly elements: readonly number[];
  readonly model: Role['model'] | undefined;
  readonly side: Side | undefined;
}

/** The batch of a loss: its kind, engine and values. */
export interface LossInputs {
  readonly kind: LossKind;
  readonly engine: Backend<unknown>;
  readonly leaves: readonly Leaf[];
  readonly rows: number;
  /** The inputs that can be differentiated. */
  readonly inputs: readonly Input[];
  /** The batch with every leaf made by `f`. */
  readonly batch: (f: (leaf: Leaf, index: number) => unknown) => object;
}

/** Where the log-probs of a kind of loss are. A string in place of a side says what decides it. */
const ROLES: Readonly<Record<LossKind, Readonly<Record<string, readonly [Role['model'], Side | 'labels' | 'rank']>>>> = {
  pairs: {
    'policy.chosen': ['policy', 'best'],
    'policy.rejected': ['policy', 'other'],
    'reference.chosen': ['reference', 'best'],
    'reference.rejected': ['reference', 'other'],
  },
  referenceFreePairs: { chosen: ['policy', 'best'], rejected: ['policy', 'other'] },
  rewards: { chosen: ['policy', 'best'], rejected: ['policy', 'other'] },
  examples: { policy: ['policy', 'labels'], reference: ['reference', 'labels'] },
  // A completion without a label has one side, whether the loss raises or lowers it.
  completions: { policy: ['policy', 'best'], reference: ['reference', 'best'] },
  referenceFreeCompletions: { policy: ['policy', 'best'] },
  lists: { policy: ['policy', 'rank'], reference: ['reference', 'rank'] },
  referenceFreeLists: { policy: ['policy', 'rank'] },
};

/** Names of the two sides in kinds of losses whose inputs hold both. */
const SIDE_NAMES: Readonly<Partial<Record<LossKind, Readonly<Record<Side, string>>>>> = {
  examples: { best: 'desirable', other: 'undesirable' },
  lists: { best: 'best', other: 'others' },
  referenceFreeLists: { best: 'best', other: 'others' },
};

/** Fields that hold no continuous values. */
const DISCRETE: readonly string[] = ['desirable', 'mask', 'quantile', 'tie', 'lengths.chosen', 'lengths.rejected'];

// No margin is near a multiple of 1/2, where a loss may have a kink.
const PAIR = { chosen: [-31, -24.1, -45, -18.2], rejected: [-28.3, -35, -41.1, -26] };
const REFERENCE = { chosen: [-33.2, -23.2, -46.3, -17.6], rejected: [-29.4, -33.2, -38.3, -27.3] };
const LISTS = [[-31.2, -28.1, -36.4], [-24.3, -35.1, -30.4], [-45.2, -41.5, -43.1], [-18.1, -26.3, -29.2]]; // prettier-ignore
const REFERENCE_LISTS = [[-33.1, -29.4, -35.1], [-23.4, -33.3, -31.2], [-46.3, -38.3, -42.3], [-17.5, -27.4, -26.4]]; // prettier-ignore

/** A batch of four for each kind: summed log-probs of short completions; the policy is ahead of the reference in some rows. */
export const SAMPLES: Readonly<Record<LossKind, object>> = {
  pairs: { policy: PAIR, reference: REFERENCE },
  referenceFreePairs: PAIR,
  examples: { policy: PAIR.chosen, reference: REFERENCE.chosen, desirable: [1, 0, 1, 0] },
  completions: { policy: PAIR.chosen, reference: REFERENCE.chosen },
  referenceFreeCompletions: { policy: PAIR.chosen },
  lists: { policy: LISTS, reference: REFERENCE_LISTS },
  referenceFreeLists: { policy: LISTS },
  rewards: { chosen: [1.6, -0.6, 2.1, 0.3], rejected: [0.4, 1.1, -0.8, -2.1] },
};

/** Reads a batch, or the sample of a kind. */
export async function readInputs(sample: object | LossKind, kind: LossKind | undefined): Promise<LossInputs> {
  for (const given of [kind, ...(typeof sample === 'string' ? [sample] : [])]) {
    if (given !== undefined) checkChoice('checkLoss', 'kind', given, Object.keys(SAMPLES));
  }
  const template = typeof sample === 'string' ? SAMPLES[sample] : sample;
  if (!isRecord(template)) throw new TypeError(`checkLoss: sample is ${describe(template)}, expected a batch or the name of a kind`);
  const found: Checked[] = [];
  mapLeaves(template, (value, path) =>
    found.push(checkTensor('checkLoss', path, value, { dtype: ['float', 'int', 'bool'], orPlain: true })),
  );
  const tensors = found.map(({ value }) => value).filter((value) => !arrays.owns(value));
  const engine: Backend<unknown> = backendOf(...(tensors.length === 0 ? [0] : tensors));
  const values = await valuesOf(engine, found.map(({ value }) => value)); // prettier-ignore
  const rawLeaves = found.map(({ name, value, backend, shape }, i): RawLeaf => ({
    path: name,
    shape,
    dtype: backend.dtype(value),
    isNumber: typeof value === 'number',
    values: Float64Array.from(values[i]!),
  }));
  const named = typeof sample === 'string' ? sample : (kind ?? kindOf(template, rawLeaves));
  const leaves = rawLeaves.map((leaf): Leaf => ({ ...leaf, role: roleOf(named, leaf, rawLeaves) }));
  const ranked = leaves.find(({ role }) => role);
  if (!ranked)
    throw new TypeError(`checkLoss: the batch lacks ${Object.keys(ROLES[named]).join(', ')}, which losses of kind ${named} take`);
  const { path, shape } = ranked;
  if (!(shape[0]! >= 2)) throw new RangeError(`checkLoss: ${path} has shape [${shape.join(', ')}], expected at least two rows`);
  const indices = new Map(leaves.map((leaf, i) => [leaf.path, i]));
  return {
    kind: named,
    engine,
    leaves,
    rows: shape[0]!,
    inputs: leaves.flatMap((leaf, i) => inputsOf(named, leaf, i, leaves)),
    batch: (f) => mapLeaves(template, (_, at) => f(leaves[indices.get(at)!]!, indices.get(at)!)) as object,
  };
}

type RawLeaf = Omit<Leaf, 'role'>;

function kindOf(batch: object, leaves: readonly RawLeaf[]): LossKind {
  const { policy, reference } = batch as Readonly<Record<string, unknown>>;
  if (isRecord(policy)) return 'pairs';
  if (policy === undefined && 'chosen' in batch) return 'referenceFreePairs';
  if (policy !== undefined) {
    const isLists = leaves.find(({ path }) => path === 'policy')!.shape.length > 1;
    if (!isLists && 'desirable' in batch) return 'examples';
    if (reference === undefined) return isLists ? 'referenceFreeLists' : 'referenceFreeCompletions';
    return isLists ? 'lists' : 'completions';
  }
  throw new TypeError(`checkLoss: the batch has ${Object.keys(batch).join(', ') || 'no fields'}, expected policy, or chosen and rejected`);
}

function roleOf(kind: LossKind, leaf: RawLeaf, leaves: readonly RawLeaf[]): Role | undefined {
  const [model, side] = ROLES[kind][leaf.path] ?? [];
  if (!model) return undefined;
  const valuesOf = (path: string) => leaves.find((other) => other.path === path)?.values;
  if (side === 'labels') {
    const labels = valuesOf('desirable');
    return { model, sides: Array.from(leaf.values, (_, i): Side => (labels?.[i] === 0 ? 'other' : 'best')) };
  }
  if (side === 'rank') return { model, sides: bestOfRows(leaf, valuesOf('rewards'), valuesOf('mask')) };
  return { model, sides: Array.from(leaf.values, () => side!) };
}

/** Marks the first candidate of each list, or the one with the largest reward. */
function bestOfRows(leaf: RawLeaf, rewards: Float64Array | undefined, mask: Float64Array | undefined): Side[] {
  const [rows = 1, candidates = 1] = leaf.shape;
  const best = Array.from({ length: rows }, (_, row) => {
    const own = Array.from({ length: candidates }, (_, k) => row * candidates + k).filter((i) => mask?.[i] !== 0);
    return own.reduce((a, b) => (rewards && rewards[b]! > rewards[a]! ? b : a), own[0] ?? row * candidates);
  });
  return Array.from(leaf.values, (_, i) => (best.includes(i) ? 'best' : 'other'));
}

function inputsOf(kind: LossKind, leaf: Leaf, index: number, leaves: readonly Leaf[]): Input[] {
  if (leaf.dtype !== 'float' || DISCRETE.includes(leaf.path)) return [];
  const mask = leaves.find(({ path }) => path === 'mask')?.values;
  const all = Array.from(leaf.values.keys()).filter((i) => mask?.length !== leaf.values.length || mask[i] !== 0);
  const words = SIDE_NAMES[kind];
  const ranked = leaves.find(({ role }) => role)!;
  // Fields of lists with a value for each candidate are split like the log-probs.
  const isSplit = kind !== 'examples' && words !== undefined && leaf.values.length === ranked.values.length;
  const role = leaf.role ?? (isSplit ? { model: undefined, sides: ranked.role!.sides } : undefined);
  if (!role) return [{ name: leaf.path, leaf: index, elements: all, model: undefined, side: undefined }];
  return (['best', 'other'] as const)
    .map((side) => ({
      name: words ? `${leaf.path} (${words[side]})` : leaf.path,
      leaf: index,
      elements: all.filter((i) => role.sides[i] === side),
      model: role.model,
      side,
    }))
    .filter(({ elements }) => elements.length > 0);
}

/** Log-probs of one model and side in one row. */
type Placing = (model: Role['model'], side: Side, row: number) => number;

/** The sample with other log-probs. */
export const placed = ({ leaves, rows }: LossInputs, at: Placing): Point =>
  leaves.map(({ role, values }) => {
    if (!role) return values;
    const width = values.length / rows;
    return values.map((_, i) => at(role.model, role.sides[i]!, Math.floor(i / width)));
  });

/** The leaf of the reference that corresponds to one of the policy; undefined if there is none. */
export const referenceOf = ({ leaves }: LossInputs, { path }: Leaf): Leaf | undefined =>
  leaves.find(({ role, path: other }) => role?.model === 'reference' && other === path.replace('policy', 'reference'));

/** The values of one leaf as a plain array, of the sample by default. */
export const onArrays = ({ leaves }: LossInputs, index: number, point?: Point): Nested =>
  arrays.reshape(Array.from(point?.[index] ?? leaves[index]!.values), leaves[index]!.shape);
