import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { AdamW, loadCheckpoint, saveCheckpoint } from '../../../src/index.js';
import { ensure, ensureOurs, property, thrownBy } from '../property.js';

// Checkpoints that are damaged, or made to mislead: each is loaded whole, or refused with nothing changed.

/** A change to the header or to the bytes of a file. Places are taken modulo the number of places. */
type Mutation =
  | { readonly put: unknown; readonly at: number }
  | { readonly copy: number; readonly at: number }
  | { readonly remove: number }
  | { readonly add: string; readonly like: number }
  | { readonly move: number; readonly by: number }
  | { readonly headerLength: bigint }
  | { readonly flip: number; readonly bits: number }
  | { readonly cut: number }
  | { readonly append: number };

type Json = Record<string, unknown>;
/** Fields of the metadata that are JSON in text. */
const TEXTS = ['paths', 'names', 'optimizerNames', 'state'];

/** A file in parts that can be changed. */
interface Parts {
  readonly header: Json;
  readonly data: Uint8Array;
}

function partsOf(bytes: Uint8Array): Parts {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as { __metadata__: Json };
  const metadata = header.__metadata__;
  for (const name of TEXTS) if (typeof metadata[name] === 'string') metadata[name] = JSON.parse(metadata[name]);
  return { header, data: bytes.slice(8 + length) };
}

function bytesOf({ header, data }: Parts): Uint8Array {
  const metadata = header.__metadata__ as Json | null | undefined;
  const isRecord = typeof metadata === 'object' && metadata !== null;
  const texts = isRecord ? TEXTS.filter((name) => name in metadata).map((name) => [name, JSON.stringify(metadata[name])]) : [];
  const written = isRecord ? { ...header, __metadata__: { ...metadata, ...(Object.fromEntries(texts) as Json) } } : header;
  const json = new TextEncoder().encode(JSON.stringify(written));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

/** A value in a header: what holds it, and its name there. */
type Place = readonly [holder: Json, name: string];

const placesIn = (value: unknown): Place[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.keys(value).flatMap((name): Place[] => [[value as Json, name], ...placesIn((value as Json)[name])]);

/** The item at an index, from 0 again after the last. */
const nth = <T>(items: readonly T[], index: number): T | undefined => items[index % items.length];

function mutatedHeader(header: Json, mutation: Mutation): void {
  const places = placesIn(header);
  const put = (index: number, value: unknown): void => {
    const [holder, name] = nth(places, index) ?? [header, 'a'];
    Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
  };
  const copyOf = (index: number): unknown => {
    const [holder, name] = nth(places, index) ?? [header, 'a'];
    return structuredClone(holder[name]);
  };
  if ('put' in mutation) put(mutation.at, mutation.put);
  if ('copy' in mutation) put(mutation.at, copyOf(mutation.copy));
  if ('remove' in mutation) {
    const [holder, name] = nth(places, mutation.remove) ?? [header, 'a'];
    Reflect.deleteProperty(holder, name);
  }
  const entries = Object.values(header).filter((entry): entry is Json => Array.isArray((entry as Json | null)?.data_offsets));
  if ('add' in mutation) header[mutation.add] = structuredClone(nth(entries, mutation.like)) ?? null;
  if ('move' in mutation) {
    const entry = nth(entries, mutation.move);
    if (entry) entry.data_offsets = (entry.data_offsets as unknown[]).map((offset) => (offset as number) + mutation.by);
  }
}

function mutatedBytes(bytes: Uint8Array, mutation: Mutation): Uint8Array {
  if ('headerLength' in mutation && bytes.length >= 8) new DataView(bytes.buffer).setBigUint64(0, mutation.headerLength, true);
  if ('flip' in mutation) bytes[mutation.flip % bytes.length]! ^= mutation.bits;
  if ('cut' in mutation) return bytes.slice(0, mutation.cut % bytes.length);
  if ('append' in mutation) return Uint8Array.from([...bytes, ...new Uint8Array(mutation.append)]);
  return bytes;
}

/** The bytes of a file with changes, those of the header first. Without its checksum, which any change breaks, it is one of version 1. */
function mutated(bytes: Uint8Array, mutations: readonly Mutation[], keepsChecksum: boolean): Uint8Array {
  const parts = partsOf(bytes);
  if (!keepsChecksum) {
    const metadata = parts.header.__metadata__ as Json;
    metadata.format = 'prefloss checkpoint 1';
    delete metadata.checksum;
  }
  for (const mutation of mutations) mutatedHeader(parts.header, mutation);
  return mutations.reduce(mutatedBytes, bytesOf(parts));
}

const place = fc.nat(200);
const number = fc.oneof(
  fc.constantFrom(0, 1, -1, 2, 3, 4, 8, 12, 16, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e308),
  fc.integer({ min: -64, max: 64 }),
);
const json = fc.oneof(
  number,
  fc.constantFrom(
    null,
    true,
    '',
    '0',
    '16',
    'x',
    'F32',
    'I32',
    'BOOL',
    'F64',
    'toString',
    '__proto__',
    'prefloss checkpoint 1',
    'prefloss checkpoint 9',
  ),
  fc.array(number, { maxLength: 3 }),
  fc.jsonValue({ maxDepth: 2 }),
);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { arbitrary: fc.record({ put: json, at: place }), weight: 8 },
  { arbitrary: fc.record({ copy: place, at: place }), weight: 4 },
  { arbitrary: fc.record({ remove: place }), weight: 3 },
  {
    arbitrary: fc.record({ add: fc.constantFrom('extra', 'policy.9', 'optimizer.9', '__proto__', 'constructor'), like: place }),
    weight: 2,
  },
  { arbitrary: fc.record({ move: place, by: number }), weight: 3 },
  { arbitrary: fc.record({ headerLength: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }), weight: 1 },
  { arbitrary: fc.record({ flip: fc.nat(5000), bits: fc.integer({ min: 1, max: 255 }) }), weight: 2 },
  { arbitrary: fc.record({ cut: fc.nat(5000) }), weight: 1 },
  { arbitrary: fc.record({ append: fc.constantFrom(1, 4, 8) }), weight: 1 },
);

/** A model with its optimizer, and the bytes of two states of it. */
interface Subject {
  readonly policy: readonly tf.Variable[];
  readonly optimizer: tf.Optimizer | undefined;
  /** The state in which it is while a file is loaded. */
  readonly at: Uint8Array;
  /** The file that is changed. */
  readonly file: Uint8Array;
  /** The number of tensors with this model and its state. */
  readonly tensors: number;
}

const OPTIMIZERS = { AdamW: () => new AdamW({ learningRate: 0.1 }), momentum: () => tf.train.momentum(0.1, 0.5), none: () => undefined };
type OptimizerName = keyof typeof OPTIMIZERS;

function step(policy: readonly tf.Variable[], optimizer: tf.Optimizer | undefined): void {
  const loss = () => tf.addN(policy.map((w) => tf.sum(tf.square(w as tf.Tensor)))) as tf.Scalar;
  optimizer?.minimize(loss, false, [...policy]);
}

async function newSubject(name: OptimizerName): Promise<Subject> {
  await tf.setBackend('cpu');
  const policy = [tf.variable(tf.tensor2d([[1, 2], [3, 4]])), tf.variable(tf.tensor1d([5, 6, 7]))]; // prettier-ignore
  const optimizer = OPTIMIZERS[name]();
  const save = (state: number) => saveCheckpoint({ policy, ...(optimizer && { optimizer }) }, { step: state });
  for (let i = 0; i < 2; i++) step(policy, optimizer);
  const at = await save(2);
  for (const weight of policy) tf.tidy(() => { weight.assign(tf.add(weight, 1)); }); // prettier-ignore
  step(policy, optimizer);
  const file = await save(3);
  await loadCheckpoint(at, { policy, ...(optimizer && { optimizer }) });
  return { policy, optimizer, at, file, tensors: tf.memory().numTensors };
}

const subjects = new Map<OptimizerName, Promise<Subject>>();

/** The subject with this optimizer: one for all runs. */
async function subjectWith(name: OptimizerName): Promise<Subject> {
  const known = subjects.get(name) ?? newSubject(name);
  subjects.set(name, known);
  const subject = await known;
  return { ...subject, tensors: tf.memory().numTensors };
}

/** Everything that a load may change, as text. */
async function stateOf({ policy, optimizer }: Subject): Promise<string> {
  const state = (await optimizer?.getWeights()) ?? [];
  const text = [...policy.map((tensor, i) => ({ name: String(i), tensor: tensor as tf.Tensor })), ...state].map(
    ({ name, tensor }) =>
      `${name} ${tensor.dtype} [${tensor.shape.join()}] ${Array.from(tensor.dataSync(), (x) => (Object.is(x, -0) ? '-0' : x)).join()}`,
  );
  tf.dispose(state.map(({ tensor }) => tensor).filter((tensor) => !(tensor instanceof tf.Variable)));
  return text.join('\n');
}

/** Asserts that the weights are those in the file. */
function ensureWeights({ policy }: Subject, bytes: Uint8Array): void {
  const { header, data } = partsOf(bytes);
  policy.forEach((weight, i) => {
    const [from, to] = (header[`policy.${i}`] as { data_offsets: [number, number] }).data_offsets;
    const [wanted, got] = [data.slice(from, to).join(), new Uint8Array(weight.dataSync().slice().buffer).join()];
    ensure(wanted === got, () => `weight ${i} is not that of the file`);
  });
}

interface Input {
  readonly optimizer: OptimizerName;
  readonly mutations: readonly Mutation[];
  readonly keepsChecksum: boolean;
  /** Whether the bytes are overwritten during the load. */
  readonly overwrites: boolean;
}

export const checkpoints = property<Input>({
  name: 'a changed checkpoint is loaded whole or refused with nothing changed',
  runs: 400,
  input: fc.record({
    optimizer: fc.constantFrom('AdamW', 'AdamW', 'momentum', 'none'),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
    keepsChecksum: fc.constantFrom(false, false, false, true),
    overwrites: fc.boolean(),
  }),
  findings: [
    { optimizer: 'AdamW', mutations: [], keepsChecksum: true, overwrites: true },
    { optimizer: 'none', mutations: [], keepsChecksum: false, overwrites: true },
  ],
  holds: async ({ optimizer: name, mutations, keepsChecksum, overwrites }) => {
    const subject = await subjectWith(name);
    await tf.setBackend('cpu');
    const { policy, optimizer, at, tensors } = subject;
    const parts = { policy, ...(optimizer && { optimizer }) };
    const before = await stateOf(subject);
    const bytes = mutated(subject.file, mutations, keepsChecksum);
    const given = bytes.slice();
    const error = await thrownBy(() => {
      const loading = loadCheckpoint(given, parts);
      // What happens to the bytes during a load does not matter.
      if (overwrites) given.fill(0);
      return loading;
    });
    ensure(tf.memory().numTensors === tensors, () => `${tf.memory().numTensors - tensors} tensors are left`);
    if (error !== undefined) {
      ensureOurs(error, 'loadCheckpoint');
      ensure((await stateOf(subject)) === before, () => `the state has changed although ${String(error)}`);
      return;
    }
    ensureWeights(subject, bytes);
    step(policy, optimizer);
    ensure(tf.memory().numTensors === tensors, () => `${tf.memory().numTensors - tensors} tensors are left after a step`);
    await loadCheckpoint(at, parts);
    ensure((await stateOf(subject)) === before, () => 'the state of the first checkpoint does not come back');
  },
});
