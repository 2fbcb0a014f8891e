import { describe } from '../../backend/describe.js';
import { contentHash } from './contentHash.js';

/** The dtypes that a file can hold: their names in the format, and the arrays that store their values. */
const DTYPES = {
  float32: { name: 'F32', View: Float32Array },
  int32: { name: 'I32', View: Int32Array },
  bool: { name: 'BOOL', View: Uint8Array },
} as const;

export type StoredDType = keyof typeof DTYPES;

/** The values of a tensor, in row-major order. */
export interface StoredTensor {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** A tensor of a file that was read, with the hash of its bytes, which is made while they are in the cache. */
export interface ReadTensor extends StoredTensor {
  readonly hash: number;
}

/** The contents of a file. */
export interface Safetensors<Tensor extends StoredTensor> {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** A tensor in the header: `data_offsets` are its first byte, and the one after its last, in the data after the header. */
interface Entry {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

export const isStoredDType = (dtype: string): dtype is StoredDType => Object.hasOwn(DTYPES, dtype);

/** The dtypes in words, for messages. */
export const STORED_DTYPES = Object.keys(DTYPES).join(' or ');

/** A tensor in words, such as `F32 [2, 3]`. */
export const inWords = (dtype: StoredDType, shape: readonly number[]): string => `${DTYPES[dtype].name} [${shortened(shape.join(', '))}]`;

/** The bytes of values, without a copy. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** Writes a [safetensors](https://github.com/huggingface/safetensors) file. */
export function writeSafetensors({ metadata, tensors }: Safetensors<StoredTensor>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { dtype, shape, values }] of tensors) {
    header[name] = { dtype: DTYPES[dtype].name, shape, data_offsets: [end, (end += values.byteLength)] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(32, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let at = start;
  for (const { values } of tensors.values()) {
    bytes.set(bytesOf(values), at);
    at += values.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file. As in the reader of the format's authors, the tensors must cover the data exactly: no overlap, no gap, no
 * bytes that are left over. The values are copies.
 *
 * @throws RangeError or TypeError, as {@link loadCheckpoint} documents them.
 */
export function readSafetensors(bytes: Uint8Array): Safetensors<ReadTensor> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`loadCheckpoint: bytes is ${describe(bytes)}, expected a Uint8Array`);
  expectLength(bytes, 8);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  // The limit of the format.
  if (length > 100_000_000n) throw noCheckpoint(`its header has ${length} bytes, expected at most 100000000`);
  const start = 8 + Number(length);
  expectLength(bytes, start);
  const { __metadata__: metadata = {}, ...rest } = parseRecord('the header', decode(bytes.subarray(8, start)));
  const entries = Object.entries(rest).map(([name, value]) => [name, entryOf(name, value)] as const);
  let end = 0;
  for (const [name, { from, to }] of [...entries].sort(([, a], [, b]) => a.from - b.from || a.to - b.to)) {
    if (from !== end)
      throw noCheckpoint(`${shortened(name)} begins at byte ${from}, expected ${end}: tensors ${from < end ? 'overlap' : 'leave a gap'}`);
    end = to;
  }
  expectLength(bytes, start + end);
  if (bytes.length > start + end) {
    throw new RangeError(`loadCheckpoint: bytes has length ${bytes.length}, expected ${start + end}: something follows the checkpoint`);
  }
  const tensors = entries.map(([name, { dtype, shape, from, to }]): [string, ReadTensor] => {
    // `new Uint8Array` copies. `slice` does not on a Buffer of Node.js, whose slices share its memory.
    const copy = new Uint8Array(bytes.subarray(start + from, start + to));
    return [name, { dtype, shape, values: new DTYPES[dtype].View(copy.buffer), hash: contentHash([copy]) }];
  });
  return { metadata: stringsOf(metadata), tensors: new Map(tensors) };
}

/** The error about bytes that are no checkpoint. */
export const noCheckpoint = (reason: string, cause?: unknown): RangeError =>
  new RangeError(`loadCheckpoint: bytes is not a checkpoint from saveCheckpoint: ${reason}`, cause === undefined ? undefined : { cause });

/** The start of a name of a file in a message, which a hostile file must not make long. */
export const shortened = (text: string, length = 200): string => (text.length <= length ? text : `${text.slice(0, length)}...`);

/** A value of a file in a message. */
export const quoted = (value: unknown): string => {
  // `undefined` has no JSON. How deep `JSON.stringify` can go depends on the engine.
  if (value === undefined) return 'undefined';
  return isDeeperThan(32, value) ? 'nested too deep' : shortened(JSON.stringify(value), 60);
};

const isDeeperThan = (levels: number, value: unknown): boolean =>
  typeof value === 'object' && value !== null && (levels === 0 || Object.values(value).some((part) => isDeeperThan(levels - 1, part)));

/** Parses JSON that must be a record. */
export function parseRecord(name: string, json: string | undefined): Record<string, unknown> {
  const value = parseJson(name, json);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw noCheckpoint(`${name} is ${quoted(value)}, expected a record`);
}

/** Parses JSON. */
export function parseJson(name: string, json: string | undefined): unknown {
  if (json === undefined) throw noCheckpoint(`it has no ${name}`);
  try {
    return JSON.parse(json);
  } catch (error) {
    throw noCheckpoint(`${name} is not JSON`, error);
  }
}

function expectLength({ length }: Uint8Array, expected: number): void {
  if (length >= expected) return;
  throw new RangeError(`loadCheckpoint: bytes has length ${length}, expected at least ${expected}: the checkpoint is cut short`);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw noCheckpoint('the header is not UTF-8', error);
  }
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function entryOf(name: string, value: unknown): Entry {
  const { dtype: dtypeName, shape, data_offsets: offsets } = (value ?? {}) as Partial<Record<'dtype' | 'shape' | 'data_offsets', unknown>>;
  const dtype = (Object.keys(DTYPES) as StoredDType[]).find((key) => DTYPES[key].name === dtypeName);
  if (!dtype) throw noCheckpoint(`${shortened(name)} has dtype ${quoted(dtypeName)}, expected F32 or I32 or BOOL`);
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw noCheckpoint(`${shortened(name)} has shape ${quoted(shape)}, expected a list of integers >= 0`);
  }
  const size = shape.reduce((a, b) => a * b, DTYPES[dtype].View.BYTES_PER_ELEMENT);
  if (Array.isArray(offsets) && offsets.length === 2 && offsets.every(isSize)) {
    const [from, to] = offsets as unknown as [number, number];
    if (to - from === size) return { dtype, shape, from, to };
  }
  throw noCheckpoint(`${shortened(name)} has data_offsets ${quoted(offsets)}, expected two integers >= 0, ${size} bytes apart`);
}

function stringsOf(metadata: unknown): Record<string, string> {
  const isRecord = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  if (isRecord && Object.values(metadata).every((value) => typeof value === 'string')) return metadata as Record<string, string>;
  throw noCheckpoint(`__metadata__ is ${quoted(metadata)}, expected a record of strings`);
}
