import { contentHash } from './contentHash.js';
import { firstRepeated } from './firstRepeated.js';
import {
  bytesOf,
  noCheckpoint,
  parseJson,
  parseRecord,
  quoted,
  readSafetensors,
  writeSafetensors,
  type ReadTensor,
  type StoredTensor,
} from './safetensors.js';

/** Other state to save, such as the step number and the position in the data. It is stored as JSON. */
export type TrainingState = Readonly<Record<string, unknown>>;

/** The state of an optimizer: the tensor at each place has the name at this place. */
interface StoredOptimizer {
  readonly className: string;
  readonly names: readonly string[];
  readonly tensors: readonly StoredTensor[];
}

/** The content of a checkpoint: the variable at each place has the path and the name at this place. */
export interface CheckpointContent {
  /** Path of each variable in the policy. */
  readonly paths: readonly string[];
  /** Name of each variable, after which the state of the optimizer is named. */
  readonly names: readonly string[];
  readonly policy: readonly StoredTensor[];
  readonly optimizer: StoredOptimizer | undefined;
  readonly state: TrainingState;
}

/**
 * Version of the format. Files of all earlier versions can be read, and those of a later version are refused.
 *
 * - 1: the tensors `policy.0`, `policy.1`, ... and `optimizer.0`, `optimizer.1`, ...; in the metadata, as JSON, the lists `paths`, `names`
 *   and `optimizerNames`, and `state`; the class of the optimizer as `optimizer`, which is missing with `optimizerNames` if there is none.
 * - 2: also `checksum`, in eight hexadecimal digits: the {@link contentHash} of the other metadata, then of the dtypes and shapes of all
 *   tensors, as JSON such as `[["float32",[2,3]]]`, then of the hashes of their values, four bytes each.
 */
const VERSION = 2;
const FORMAT = `prefloss checkpoint ${VERSION}`;

/** The metadata that the checksum covers, in this order. */
const HASHED = ['format', 'paths', 'names', 'optimizer', 'optimizerNames', 'state'];

/** Writes a checkpoint; the state is JSON. */
export function writeCheckpoint({
  paths,
  names,
  policy,
  optimizer,
  state,
}: Omit<CheckpointContent, 'state'> & { readonly state: string }): Uint8Array {
  const metadata = {
    format: FORMAT,
    paths: JSON.stringify(paths),
    names: JSON.stringify(names),
    ...(optimizer && { optimizer: optimizer.className, optimizerNames: JSON.stringify(optimizer.names) }),
    state,
  };
  const named = [...numbered('policy', policy), ...numbered('optimizer', optimizer?.tensors ?? [])] as const;
  const tensors = named.map(([, tensor]) => ({ ...tensor, hash: contentHash([bytesOf(tensor.values)]) }));
  const checksum = checksumOf(metadata, tensors);
  return writeSafetensors({ metadata: { ...metadata, checksum }, tensors: new Map(named) });
}

/**
 * Reads a checkpoint and checks that it is whole.
 *
 * @throws TypeError or RangeError, as {@link loadCheckpoint} documents them.
 */
export function readCheckpoint(bytes: Uint8Array): CheckpointContent {
  const { metadata, tensors } = readSafetensors(bytes);
  const version = versionOf(metadata.format);
  const paths = namesOf('paths', metadata.paths);
  const names = namesOf('names', metadata.names);
  if (paths.length !== names.length) throw noCheckpoint(`paths has length ${paths.length}, expected ${names.length} like names`);
  const optimizerNames = metadata.optimizer === undefined ? undefined : namesOf('optimizerNames', metadata.optimizerNames);
  const state = parseRecord('state', metadata.state);
  const take = (prefix: string, count: number): ReadTensor[] =>
    Array.from({ length: count }, (_, i) => {
      const tensor = tensors.get(`${prefix}.${i}`);
      if (!tensor) throw noCheckpoint(`it has no ${prefix}.${i}`);
      return tensor;
    });
  const policy = take('policy', names.length);
  const optimizer = optimizerNames && {
    className: metadata.optimizer!,
    names: optimizerNames,
    tensors: take('optimizer', optimizerNames.length),
  };
  const ordered = [...policy, ...(optimizer?.tensors ?? [])];
  if (tensors.size > ordered.length) {
    const known = new Set(ordered);
    const [other] = [...tensors].find(([, tensor]) => !known.has(tensor))!;
    throw noCheckpoint(
      `it has ${quoted(other)}, expected ${names.length} tensors of the policy and ${optimizerNames?.length ?? 0} of the optimizer`,
    );
  }
  const { checksum } = metadata;
  if (version > 1 || checksum !== undefined) {
    const actual = checksumOf(metadata, ordered);
    if (checksum !== actual) {
      throw new RangeError(
        `loadCheckpoint: bytes has checksum ${actual}, expected ${quoted(checksum)} as it says: the checkpoint is damaged`,
      );
    }
  }
  return { paths, names, policy, optimizer, state };
}

const numbered = (prefix: string, tensors: readonly StoredTensor[]): [string, StoredTensor][] =>
  tensors.map((tensor, i) => [`${prefix}.${i}`, tensor]);

function checksumOf(metadata: Readonly<Record<string, string>>, tensors: readonly ReadTensor[]): string {
  const encoder = new TextEncoder();
  const texts = HASHED.map((key) => encoder.encode(metadata[key] ?? ''));
  const forms = encoder.encode(JSON.stringify(tensors.map(({ dtype, shape }) => [dtype, shape])));
  return contentHash([...texts, forms, bytesOf(Uint32Array.from(tensors, ({ hash }) => hash))])
    .toString(16)
    .padStart(8, '0');
}

function versionOf(format: string | undefined): number {
  const version = Number(/^prefloss checkpoint ([1-9]\d*)$/.exec(format ?? '')?.[1]);
  if (Number.isNaN(version)) throw noCheckpoint(`its format is ${quoted(format)}, expected "${FORMAT}"`);
  if (version <= VERSION) return version;
  throw new RangeError(
    `loadCheckpoint: bytes has format version ${version}, expected at most ${VERSION}: a later version of prefloss wrote it`,
  );
}

/** Parses a list of different names. */
function namesOf(field: string, json: string | undefined): string[] {
  const names = parseJson(field, json);
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw noCheckpoint(`${field} is ${quoted(names)}, expected a list of strings`);
  }
  const twice = firstRepeated(names);
  if (twice !== undefined) throw noCheckpoint(`${field} holds ${quoted(twice)} twice`);
  return names;
}
