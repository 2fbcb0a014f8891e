import { clone, dispose, keep, tensor, tidy, util, Variable, type DataType, type Optimizer, type Tensor } from '@tensorflow/tfjs-core';
import { describe } from '../../backend/registry.js';

/** What a checkpoint is made of, and what it is loaded into. */
export interface CheckpointParts {
  /** The trained variables, in an order that stays. */
  readonly policy: readonly Variable[];
  /** What trains them. Left out, the checkpoint holds the policy alone. */
  readonly optimizer?: Optimizer;
}

/** What else there is to keep, such as the number of steps and the place in the data: anything that JSON can hold. */
export type TrainingState = Readonly<Record<string, unknown>>;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

interface Header {
  readonly names: readonly string[];
  /** What kind of optimizer it holds, if any. */
  readonly optimizer: string | undefined;
  readonly optimizerNames: readonly string[];
  readonly state: TrainingState;
}

const FORMAT = 'prefloss checkpoint 1';
/** Names of kinds in the file, and how values lie there. */
const KINDS = {
  float32: { name: 'F32', View: Float32Array },
  int32: { name: 'I32', View: Int32Array },
  bool: { name: 'BOOL', View: Uint8Array },
} as const;
type Kind = keyof typeof KINDS;

function kindOf(dtype: DataType): Kind {
  if (Object.hasOwn(KINDS, dtype)) return dtype as Kind;
  throw new TypeError(`saveCheckpoint: a tensor has dtype ${dtype}, expected ${Object.keys(KINDS).join(' or ')}`);
}

/** The kind that a file calls so. */
const kindNamed = (name: string): Kind => (Object.keys(KINDS) as Kind[]).find((kind) => KINDS[kind].name === name)!;

/**
 * Policy and optimizer as the bytes of a file, to go on from later bit for bit; a reference is not in it. It is a
 * [safetensors](https://github.com/huggingface/safetensors) file, which Python can read too.
 *
 * Write it under another name and rename it then, so that a full disk or an end in the middle leaves the last one whole.
 *
 * @param parts - See {@link CheckpointParts}.
 * @param state - See {@link TrainingState}.
 * @returns The bytes. The values are those at the call, whatever is trained before they come; of an optimizer of `tf.train`, whose state
 *   can only be read later, wait for them.
 */
export async function saveCheckpoint({ policy, optimizer }: CheckpointParts, state: TrainingState = {}): Promise<Uint8Array> {
  // A copy takes no memory before the variable changes.
  const named: [string, Tensor][] = policy.map((variable, i) => [`policy.${i}`, keep(clone(variable as Tensor))]);
  const made = named.map(([, copy]) => copy);
  try {
    const moments = (await optimizer?.getWeights()) ?? [];
    moments.forEach((moment, i) => {
      named.push([`optimizer.${i}`, moment.tensor]);
      if (!(moment.tensor instanceof Variable)) made.push(moment.tensor);
    });
    const metadata = {
      format: FORMAT,
      names: JSON.stringify(policy.map(({ name }) => name)),
      ...(optimizer && { optimizer: optimizer.getClassName(), optimizerNames: JSON.stringify(moments.map(({ name }) => name)) }),
      state: JSON.stringify(state),
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
      const { name: kind, View } = KINDS[kindOf(dtype)];
      const start = end;
      end += size * View.BYTES_PER_ELEMENT;
      return [name, { dtype: kind, shape, data_offsets: [start, end] }];
    }),
  );
  const values = await Promise.all(named.map(async ([, x]) => x.data()));
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
 * Puts a checkpoint back into the variables and the optimizer that it was made of, or their like in another process.
 *
 * Everything is checked before anything is changed.
 *
 * @param bytes - What {@link saveCheckpoint} gave.
 * @param parts - Variables of the same number, order and shapes; with an optimizer if the checkpoint has one.
 * @returns The state that was saved with them.
 * @throws RangeError if the bytes are cut short, are no checkpoint, or are one of another model.
 */
export async function loadCheckpoint(bytes: Uint8Array, { policy, optimizer }: CheckpointParts): Promise<TrainingState> {
  const { header, entries, start } = readHeader(bytes);
  checkModel(header, entries, policy);
  const kind = optimizer?.getClassName();
  if (header.optimizer !== kind) {
    throw new RangeError(`loadCheckpoint: the optimizer of the checkpoint is ${header.optimizer ?? 'none'}, expected ${kind ?? 'none'}`);
  }

  const valuesOf = (name: string): Tensor => {
    const { dtype, shape, data_offsets: [from, to] } = entries[name]!; // prettier-ignore
    const kind = kindNamed(dtype);
    const { View } = KINDS[kind];
    // A copy with memory of its own: a Buffer of Node.js shares it, also in its slices.
    return tensor(new View(new Uint8Array(bytes.subarray(start + from, start + to)).buffer), [...shape], kind);
  };
  if (optimizer) {
    // Variables may have other names in this process; the parts of the optimizer's state are called after them.
    const renamed = new Map(header.names.map((name, i) => [name, policy[i]!.name]));
    const moments = header.optimizerNames.map((name, i) => {
      const slash = name.lastIndexOf('/');
      const owner = renamed.get(name.slice(0, Math.max(slash, 0)));
      return { name: owner === undefined ? name : `${owner}${name.slice(slash)}`, tensor: valuesOf(`optimizer.${i}`) };
    });
    try {
      await optimizer.setWeights(moments);
    } finally {
      dispose(moments.map((moment) => moment.tensor));
    }
  }
  policy.forEach((variable, i) => {
    tidy(() => {
      variable.assign(valuesOf(`policy.${i}`));
    });
  });
  return header.state;
}

/** What the beginning of the file says, after a check that all of it is there. */
function readHeader(bytes: Uint8Array): { header: Header; entries: Readonly<Record<string, Entry>>; start: number } {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`loadCheckpoint: bytes is ${describe(bytes)}, expected a Uint8Array`);
  const cut = (expected: number) =>
    new RangeError(`loadCheckpoint: there are ${bytes.length} bytes, expected ${expected}: the checkpoint was cut short`);
  if (bytes.length < 8) throw cut(8);
  const start = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const noCheckpoint = 'loadCheckpoint: bytes are no checkpoint of saveCheckpoint';
  // The longest header that safetensors allows.
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

/** Throws whatever error if the text is no header, or not a whole one. */
function parseHeader(json: string): { header: Header; entries: Readonly<Record<string, Entry>> } {
  const { __metadata__: metadata, ...entries } = JSON.parse(json) as Record<string, Entry> & { __metadata__: Record<string, string> };
  const { format, names, optimizer, optimizerNames = '[]', state } = metadata;
  if (format !== FORMAT) throw new Error(`the format is ${String(format)}`);
  const header: Header = {
    names: JSON.parse(names!) as string[],
    optimizer,
    optimizerNames: JSON.parse(optimizerNames) as string[],
    state: JSON.parse(state!) as TrainingState,
  };
  const wanted = [...header.names.map((_, i) => `policy.${i}`), ...header.optimizerNames.map((_, i) => `optimizer.${i}`)];
  for (const name of wanted) {
    const { dtype, shape, data_offsets: [from, to] } = entries[name]!; // prettier-ignore
    const size = shape.reduce((a, b) => a * b, KINDS[kindNamed(dtype)].View.BYTES_PER_ELEMENT);
    if (!(from >= 0 && to - from === size)) throw new Error(`${name} lies from ${from} to ${to} and takes ${size} bytes`);
  }
  return { header, entries };
}

function checkModel({ names }: Header, entries: Readonly<Record<string, Entry>>, policy: readonly Variable[]): void {
  if (names.length !== policy.length) {
    throw new RangeError(`loadCheckpoint: the checkpoint is of ${names.length} variables, expected ${policy.length} like policy`);
  }
  policy.forEach(({ name, shape, dtype }, i) => {
    const saved = entries[`policy.${i}`]!;
    if (util.arraysEqual([...saved.shape], shape) && saved.dtype === KINDS[kindOf(dtype)].name) return;
    const words = (kind: string, sizes: readonly number[]) => `${kind} [${sizes.join(', ')}]`;
    throw new RangeError(
      `loadCheckpoint: variable ${i}, ${names[i]!}, is ${words(saved.dtype, saved.shape)} in the checkpoint, expected ${words(KINDS[kindOf(dtype)].name, shape)} like ${name}`,
    );
  });
}
