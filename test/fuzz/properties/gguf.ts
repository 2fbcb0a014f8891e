import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGguf } from '../../../examples/smollm2/gguf.js';
import { ensure, property, thrownBy } from '../property.js';

// Model files with odd fields or damaged bytes: each is read, or refused by an error that begins with the file.

/** Numbers of the types of values in a GGUF file. */
const TYPES = { uint8: 0, uint32: 4, float32: 6, bool: 7, string: 8, array: 9, uint64: 10, float64: 12 } as const;
type Field = readonly [type: keyof typeof TYPES, value: number | string | readonly number[]];

interface TensorInfo {
  readonly name: string;
  /** The fastest axis first. */
  readonly shape: readonly number[];
  readonly type: number;
  readonly offset: number;
}

const [F32, Q4_1, Q8_0] = [0, 3, 8];
const FIELDS: Readonly<Record<string, Field>> = {
  'general.architecture': ['string', 'llama'],
  'general.alignment': ['uint32', 32],
  'llama.block_count': ['uint32', 1],
  'llama.embedding_length': ['uint32', 64],
  'llama.attention.head_count': ['uint32', 4],
  'llama.attention.head_count_kv': ['uint32', 2],
  'llama.attention.layer_norm_rms_epsilon': ['float32', 1e-5],
  'llama.rope.freq_base': ['float32', 10_000],
  'tokenizer.ggml.token_type': ['array', [1, 1, 3]],
};
const TENSORS: readonly TensorInfo[] = [
  { name: 'output_norm.weight', shape: [64], type: F32, offset: 0 },
  { name: 'blk.0.attn_q.weight', shape: [64, 64], type: Q4_1, offset: 256 },
  { name: 'blk.0.attn_k.weight', shape: [64, 32], type: Q8_0, offset: 256 + 2560 },
];
const DATA = 256 + 2560 + 2176;

/** Writes numbers and text, little-endian. */
class Writer {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }

  number(size: number, set: (view: DataView) => void): this {
    const view = new DataView(new ArrayBuffer(size));
    set(view);
    return this.add(new Uint8Array(view.buffer));
  }

  uint32(x: number): this {
    return this.number(4, (view) => { view.setUint32(0, x, true); }); // prettier-ignore
  }

  uint64(x: bigint): this {
    return this.number(8, (view) => { view.setBigUint64(0, x, true); }); // prettier-ignore
  }

  text(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.uint64(BigInt(bytes.length)).add(bytes);
  }

  padTo(multiple: number): this {
    return this.add(new Uint8Array((multiple - (this.#length % multiple)) % multiple));
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

const whole = (x: number): bigint => BigInt.asUintN(64, BigInt(Number.isFinite(x) ? Math.trunc(x) : 0));

function writeValue(writer: Writer, [type, value]: Field): void {
  if (type === 'string') writer.text(String(value));
  else if (type === 'array') {
    const items = [value].flat();
    writer.uint32(TYPES.uint32).uint64(BigInt(items.length));
    for (const item of items) writer.uint32(Number(item));
  } else if (type === 'uint64') writer.uint64(whole(Number(value)));
  else if (type === 'uint32') writer.uint32(Number(value));
  else if (type === 'float32')
    writer.number(4, (view) => { view.setFloat32(0, Number(value), true); }); // prettier-ignore
  else if (type === 'float64')
    writer.number(8, (view) => { view.setFloat64(0, Number(value), true); }); // prettier-ignore
  else writer.add(Uint8Array.of(Number(value)));
}

/** A file of a tiny Llama with changes. Places are taken modulo the number of places. */
interface Changes {
  /** Fields with other values, or without one. */
  readonly fields: readonly { readonly at: number; readonly to: Field | null }[];
  readonly tensors: readonly { readonly at: number; readonly to: Partial<TensorInfo> }[];
  /** Numbers of tensors and fields in the header. */
  readonly counts?: readonly [bigint, bigint] | undefined;
  readonly bytes: readonly { readonly at: number; readonly to: number }[];
  readonly length?: number | undefined;
}

function fileOf({ fields: changedFields, tensors: changedTensors, counts, bytes: changedBytes, length }: Changes): Uint8Array {
  const fields: [string, Field | null][] = Object.entries(FIELDS);
  for (const { at, to } of changedFields) fields[at % fields.length]![1] = to;
  const tensors = [...TENSORS];
  for (const { at, to } of changedTensors) tensors[at % tensors.length] = { ...tensors[at % tensors.length]!, ...to };
  const kept = fields.filter((field): field is [string, Field] => field[1] !== null);
  const writer = new Writer().add(new TextEncoder().encode('GGUF')).uint32(3);
  writer.uint64(counts?.[0] ?? BigInt(tensors.length)).uint64(counts?.[1] ?? BigInt(kept.length));
  for (const [name, field] of kept) {
    writer.text(name).uint32(TYPES[field[0]]);
    writeValue(writer, field);
  }
  for (const { name, shape, type, offset } of tensors) {
    writer.text(name).uint32(shape.length);
    for (const size of shape) writer.uint64(whole(size));
    writer.uint32(type).uint64(whole(offset));
  }
  const bytes = writer.padTo(32).add(new Uint8Array(DATA).fill(1)).bytes;
  for (const { at, to } of changedBytes) bytes[at % bytes.length] = to;
  return length === undefined ? bytes : bytes.subarray(0, length % bytes.length);
}

const number = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 31, 32, 33, 2 ** 20, 2 ** 31, 2 ** 32 - 1, 2 ** 40, 2 ** 53, -1, 0.5, NaN, Infinity),
  fc.nat(100),
);
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.tuple(fc.constantFrom('uint8', 'uint32', 'float32', 'bool', 'uint64', 'float64'), number),
  fc.tuple(fc.constant('string' as const), fc.string({ maxLength: 4 })),
  fc.tuple(fc.constant('array' as const), fc.array(fc.nat(9), { maxLength: 3 })),
);
const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 6 });
const info = fc
  .record({
    shape: rarely(fc.array(number, { maxLength: 5 })),
    type: rarely(fc.nat(40)),
    offset: rarely(number),
    name: rarely(fc.constantFrom('', 'blk.0.attn_q.weight', 'attn_k.weight', '__proto__')),
  })
  .map((changes) => Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<TensorInfo>);
const huge = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

let folder: string | undefined;

/** The path of the only file, in a folder that is removed at the end of the process. */
function path(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'prefloss-gguf-'));
    process.once('exit', () => { rmSync(made, { recursive: true, force: true }); }); // prettier-ignore
    folder = made;
  }
  return join(folder, 'model.gguf');
}

export const ggufFiles = property<Changes>({
  name: 'a changed GGUF file is read, or refused by an error that names it',
  runs: 100,
  input: fc.record({
    fields: fc.array(fc.record({ at: fc.nat(8), to: fc.option(field, { freq: 8 }) }), { maxLength: 2 }),
    tensors: fc.array(fc.record({ at: fc.nat(2), to: info }), { maxLength: 2 }),
    counts: rarely(fc.tuple(huge, huge)),
    bytes: fc.oneof({ arbitrary: fc.constant([]), weight: 3 }, { arbitrary: fc.array(fc.record({ at: fc.nat(6000), to: fc.nat(255) }), { maxLength: 3 }), weight: 1 }), // prettier-ignore
    length: rarely(fc.nat(6000)),
  }),
  holds: async (changes) => {
    const file = path();
    writeFileSync(file, fileOf(changes));
    const error = await thrownBy(async () => {
      const { config, weights } = await openGguf(file);
      for (const [name, size] of Object.entries(config)) ensure(size > 0 && size < Infinity, () => `WRONG: ${name} is ${String(size)}`);
      for (const { name, shape, values } of weights()) {
        const size = shape.reduce((a, b) => a * b, 1);
        ensure(size === values.length, () => `WRONG: ${name} has ${values.length} values, expected ${size}`);
      }
    });
    if (error === undefined) return;
    const isNamed = error.message.startsWith(file) && !error.message.includes('WRONG');
    if (!isNamed) throw new Error(`expected an error that begins with the file, got ${String(error)}`, { cause: error });
  },
});
