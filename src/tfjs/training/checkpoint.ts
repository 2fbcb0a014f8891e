import { clone, dispose, keep, tensor, tidy, util, Variable, type DataType, type Optimizer, type Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/registry.js';
import { readFromDevice } from '../device.js';
import { variablesOf, type Variables } from './variables.js';

/** The parts that {@link saveCheckpoint} saves and {@link loadCheckpoint} restores. */
export interface CheckpointParts {
  /** The variables to save: see {@link Variables}. */
  readonly policy: Variables;
  /** The optimizer that trains them. If omitted, the checkpoint holds only the policy. */
  readonly optimizer?: Optimizer;
}

/** Other state to save, such as the step number and the position in the data. It is stored as JSON. */
export type TrainingState = Readonly<Record<string, unknown>>;

type NamedTensor = Awaited<ReturnType<Optimizer['getWeights']>>[number];

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

interface Header {
  /** Path of each variable in the policy. */
  readonly paths: readonly string[];
  /** Name of each variable, after which the state of the optimizer is named. */
  readonly names: readonly string[];
  /** Class name of the optimizer, if the checkpoint has one. */
  readonly optimizer: string | undefined;
  readonly optimizerNames: readonly string[];
  readonly state: TrainingState;
}

const FORMAT = 'prefloss checkpoint 1';
/** The dtypes a checkpoint can hold: their names in safetensors, and the arrays that store their values. */
const DTYPES = {
  float32: { name: 'F32', View: Float32Array },
  int32: { name: 'I32', View: Int32Array },
  bool: { name: 'BOOL', View: Uint8Array },
} as const;
type StoredDType = keyof typeof DTYPES;

function storedDType(fn: string, dtype: DataType): StoredDType {
  if (Object.hasOwn(DTYPES, dtype)) return dtype as StoredDType;
  throw new TypeError(`${fn}: a tensor has dtype ${dtype}, expected ${Object.keys(DTYPES).join(' or ')}`);
}

/** The dtype that safetensors calls by this name. */
const dtypeNamed = (name: string): StoredDType => (Object.keys(DTYPES) as StoredDType[]).find((dtype) => DTYPES[dtype].name === name)!;

/**
 * Serializes the policy and the state of its optimizer as the bytes of a
 * [safetensors](https://github.com/huggingface/safetensors) file, which Python can read too. With {@link AdamW}, training that is
 * resumed with {@link loadCheckpoint} continues bit for bit, given the same hyperparameters and data.
 *
 * The file does not contain the reference or the hyperparameters of the optimizer, such as the learning rate.
 *
 * To replace a checkpoint on disk, write the bytes to another file and rename it: after a crash or on a full disk, the old
 * checkpoint is still intact.
 *
 * @param parts - See {@link CheckpointParts}. Variables and moments may be float32, int32 or bool.
 * @param state - Default `{}`. See {@link TrainingState}.
 * @returns The bytes. The policy, the state of an {@link AdamW} and `state` are saved as they are at the time of the call, even if training
 *   continues before the promise resolves. Other optimizers are read later: do not train with them until the promise resolves.
 * @throws TypeError if `policy` contains anything but variables (the message names its path), a tensor has another dtype, or `state` cannot be serialized as JSON.
 */
export async function saveCheckpoint({ policy, optimizer }: CheckpointParts, state: TrainingState = {}): Promise<Uint8Array> {
  const stateJson = JSON.stringify(state);
  const found = variablesOf('saveCheckpoint', 'policy', policy);
  const variables = [...found.values()];
  // `assign` gives a variable new memory, so a clone keeps the values of this moment. A clone copies them only on wasm.
  const named: [string, Tensor][] = variables.map((variable, i) => [`policy.${i}`, keep(clone(variable as Tensor))]);
  const made = named.map(([, copy]) => copy);
  try {
    const moments = (await optimizer?.getWeights()) ?? [];
    moments.forEach((moment, i) => {
      named.push([`optimizer.${i}`, moment.tensor]);
      if (!(moment.tensor instanceof Variable)) made.push(moment.tensor);
    });
    const metadata = {
      format: FORMAT,
      paths: JSON.stringify([...found.keys()]),
      names: JSON.stringify(variables.map(({ name }) => name)),
      ...(optimizer && { optimizer: optimizer.getClassName(), optimizerNames: JSON.stringify(moments.map(({ name }) => name)) }),
      state: stateJson,
    };
    return await bytesOf(metadata, named);
  } finally {
    dispose(made);
  }
}

async function bytesOf(metadata: Readonly<Record<string, string>>, named: readonly (readonly [string, Tensor])[]): Promise<Uint8Array> {
  let end = 0;
  const entries = Object.fromEntries(
    named.map(([name, { dtype, shape, size }]): [string, Entry] => {
      const { name: dtypeName, View } = DTYPES[storedDType('saveCheckpoint', dtype)];
      const start = end;
      end += size * View.BYTES_PER_ELEMENT;
      return [name, { dtype: dtypeName, shape, data_offsets: [start, end] }];
    }),
  );
  const values = await readFromDevice('saveCheckpoint', () => Promise.all(named.map(async ([, x]) => x.data())));
  const json = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...entries }));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end).fill(32, 8, 8 + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, 8);
  named.forEach(([name], i) => {
    const { buffer, byteOffset, byteLength } = values[i]!;
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), 8 + headerLength + entries[name]!.data_offsets[0]);
  });
  return bytes;
}

/**
 * Loads a checkpoint into the variables and the optimizer of a model, in the same process or in another. The names that TensorFlow.js
 * gives the variables may differ; their paths in the policy, such as `.blocks[0].weight`, may not.
 *
 * The checkpoint is checked against `parts` before anything is changed. Everything that it replaces is freed.
 *
 * @param bytes - The result of {@link saveCheckpoint}.
 * @param parts - Variables that match the saved ones in paths, shapes and dtypes, and an optimizer of the saved class if the checkpoint
 *   has one.
 * @returns The `state` that was saved.
 * @throws TypeError if `bytes` is not a Uint8Array, or `policy` contains anything but variables; the message names its path.
 * @throws RangeError if `bytes` is cut short or not a checkpoint, or the checkpoint does not match `parts`.
 */
export async function loadCheckpoint(bytes: Uint8Array, { policy, optimizer }: CheckpointParts): Promise<TrainingState> {
  const { header, entries, start } = readHeader(bytes);
  const found = variablesOf('loadCheckpoint', 'policy', policy);
  checkModel(header, entries, found);
  const variables = [...found.values()];
  const wanted = optimizer?.getClassName();
  if (header.optimizer !== wanted) {
    throw new RangeError(`loadCheckpoint: the optimizer of the checkpoint is ${header.optimizer ?? 'none'}, expected ${wanted ?? 'none'}`);
  }

  const valuesOf = (name: string): Tensor => {
    const { dtype: dtypeName, shape, data_offsets: [from, to] } = entries[name]!; // prettier-ignore
    const dtype = dtypeNamed(dtypeName);
    const { View } = DTYPES[dtype];
    // `new Uint8Array` copies. `slice` does not on a Buffer of Node.js, whose slices share its memory.
    return tensor(new View(new Uint8Array(bytes.subarray(start + from, start + to)).buffer), [...shape], dtype);
  };
  if (optimizer) {
    // The optimizer's state is named after the variables, which may have other names in this process.
    const renamed = new Map(header.names.map((name, i) => [name, variables[i]!.name]));
    const moments = header.optimizerNames.map((name, i) => {
      const slash = name.lastIndexOf('/');
      const owner = renamed.get(name.slice(0, Math.max(slash, 0)));
      return { name: owner === undefined ? name : `${owner}${name.slice(slash)}`, tensor: valuesOf(`optimizer.${i}`) };
    });
    try {
      await replaceState(optimizer, moments);
    } finally {
      dispose(moments.map((moment) => moment.tensor));
    }
  }
  variables.forEach((variable, i) => {
    tidy(() => {
      variable.assign(valuesOf(`policy.${i}`));
    });
  });
  return header.state;
}

/** Sets the state of an optimizer, and frees the variables that it replaces, which `setWeights` of tfjs's own optimizers does not. */
async function replaceState(optimizer: Optimizer, state: NamedTensor[]): Promise<void> {
  const before = await variablesOfState(optimizer);
  try {
    await optimizer.setWeights(state);
  } finally {
    const kept = before.length > 0 ? await variablesOfState(optimizer) : [];
    dispose(before.filter((variable) => !kept.includes(variable)));
  }
}

/** The variables in the state of an optimizer: tfjs's own optimizers give them themselves, `AdamW` gives copies, which are freed. */
async function variablesOfState(optimizer: Optimizer): Promise<Tensor[]> {
  const tensors = (await optimizer.getWeights()).map(({ tensor }) => tensor);
  dispose(tensors.filter((x) => !(x instanceof Variable)));
  return tensors.filter((x) => x instanceof Variable);
}

/** Reads the header and checks that the file is complete. `start` is the offset of the first tensor. */
function readHeader(bytes: Uint8Array): { header: Header; entries: Readonly<Record<string, Entry>>; start: number } {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`loadCheckpoint: bytes is ${describe(bytes)}, expected a Uint8Array`);
  const cut = (expected: number) =>
    new RangeError(`loadCheckpoint: bytes has length ${bytes.length}, expected at least ${expected}: the checkpoint is cut short`);
  if (bytes.length < 8) throw cut(8);
  const start = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const noCheckpoint = 'loadCheckpoint: bytes is not a checkpoint from saveCheckpoint';
  // safetensors limits the header to 100 MB.
  if (start > 100_000_008) throw new RangeError(noCheckpoint);
  if (bytes.length < start) throw cut(start);
  let parsed: ReturnType<typeof parseHeader>;
  try {
    parsed = parseHeader(new TextDecoder().decode(bytes.subarray(8, start)));
  } catch (error) {
    throw new RangeError(noCheckpoint, { cause: error });
  }
  const end = start + Object.values(parsed.entries).reduce((last, { data_offsets: [, to] }) => Math.max(last, to), 0);
  if (bytes.length < end) throw cut(end);
  return { ...parsed, start };
}

/** Throws an error of any type if the text is not a complete header. */
function parseHeader(json: string): { header: Header; entries: Readonly<Record<string, Entry>> } {
  const { __metadata__: metadata, ...entries } = JSON.parse(json) as Record<string, Entry> & { __metadata__: Record<string, string> };
  const { format, paths, names, optimizer, optimizerNames = '[]', state } = metadata;
  if (format !== FORMAT) throw new Error(`the format is ${String(format)}`);
  const header: Header = {
    paths: JSON.parse(paths!) as string[],
    names: JSON.parse(names!) as string[],
    optimizer,
    optimizerNames: JSON.parse(optimizerNames) as string[],
    state: JSON.parse(state!) as TrainingState,
  };
  const wanted = [...header.names.map((_, i) => `policy.${i}`), ...header.optimizerNames.map((_, i) => `optimizer.${i}`)];
  for (const name of wanted) {
    const { dtype, shape, data_offsets: [from, to] } = entries[name]!; // prettier-ignore
    const size = shape.reduce((a, b) => a * b, DTYPES[dtypeNamed(dtype)].View.BYTES_PER_ELEMENT);
    if (!(from >= 0 && to - from === size)) throw new Error(`${name} has data_offsets [${from}, ${to}], expected ${size} bytes`);
  }
  return { header, entries };
}

function checkModel({ paths, names }: Header, entries: Readonly<Record<string, Entry>>, policy: ReadonlyMap<string, Variable>): void {
  if (names.length !== policy.size) {
    throw new RangeError(`loadCheckpoint: the checkpoint has ${names.length} variables, expected ${policy.size} like policy`);
  }
  [...policy].forEach(([path, { name, shape, dtype }], i) => {
    if (path !== paths[i]) {
      throw new RangeError(`loadCheckpoint: variable ${i} is policy${paths[i]!} in the checkpoint, expected policy${path}`);
    }
    const saved = entries[`policy.${i}`]!;
    const dtypeName = DTYPES[storedDType('loadCheckpoint', dtype)].name;
    if (util.arraysEqual([...saved.shape], shape) && saved.dtype === dtypeName) return;
    const words = (type: string, sizes: readonly number[]) => `${type} [${sizes.join(', ')}]`;
    throw new RangeError(
      `loadCheckpoint: variable ${i}, ${names[i]!}, is ${words(saved.dtype, saved.shape)} in the checkpoint, expected ${words(dtypeName, shape)} like ${name}`,
    );
  });
}
