import { liveTensors, read } from './engine.js';
import type * as tf from '@tensorflow/tfjs';

/** The header of a safetensors file, to be changed. */
export interface Header {
  __metadata__: Record<string, string>;
  [name: string]: { dtype?: unknown; shape?: unknown; data_offsets?: unknown } & Record<string, unknown>;
}

/** Splits a safetensors file into its header and its data. */
export function parts(bytes: Uint8Array): { header: Header; data: Uint8Array } {
  const start = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return { header: JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Header, data: bytes.subarray(start) };
}

/** Makes a safetensors file of any header text and any data. */
export function fileOf(header: string | Uint8Array, data: Uint8Array, length?: bigint): Uint8Array {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

/** A checkpoint of version 1, which has no checksum, with a changed header, and with other data if `change` returns any. */
export function edited(checkpoint: Uint8Array, change: (header: Header, data: Uint8Array) => unknown): Uint8Array {
  const { header, data } = parts(checkpoint);
  header.__metadata__.format = 'prefloss checkpoint 1';
  delete header.__metadata__.checksum;
  const copy = new Uint8Array(data);
  const other = change(header, copy);
  return fileOf(JSON.stringify(header), other instanceof Uint8Array ? other : copy);
}

/** All that training changes: values, the state of an optimizer and the number of tensors, to compare bit for bit. */
export async function stateOf(policy: readonly tf.Variable[], optimizer?: tf.Optimizer): Promise<unknown> {
  const tensors = liveTensors();
  const state = (await optimizer?.getWeights()) ?? [];
  const values = await Promise.all(state.map(async ({ name, tensor }) => [name, await read(tensor)] as const));
  // AdamW returns copies, the optimizers of tfjs their own variables.
  for (const { tensor } of state) if (!('assign' in tensor)) tensor.dispose();
  return { tensors, policy: await Promise.all(policy.map(read)), optimizer: values, iterations: optimizer?.iterations };
}

/** What is no record, and has no fields to read, in words. */
export const noRecords: readonly (readonly [value: unknown, words: string])[] = [
  [undefined, 'undefined'],
  [null, 'null'],
  [5, 'a number'],
  [new Map([['w', 1]]), 'a value of type Map'],
  [new Set([1]), 'a value of type Set'],
  [new Date(0), 'a value of type Date'],
];
