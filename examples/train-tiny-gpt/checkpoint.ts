import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { writeWhole } from './files.js';
import { TinyGpt, weightSpecs, type GptConfig } from './model.js';

/** The content of `checkpoint.json`; `checkpoint.bin` holds the values, float32, little endian, in the same order. */
interface Header {
  readonly config: GptConfig;
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** Of `checkpoint.bin`: the two files are renamed one after the other, so they could come from two runs. */
  readonly sha256: string;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The bytes of all weights, one after the other. */
export async function bytesOf(model: TinyGpt): Promise<Buffer> {
  const values = await Promise.all(model.variables.map((v) => v.data<'float32'>()));
  return Buffer.concat(values.map((v) => new Uint8Array(v.buffer, v.byteOffset, v.byteLength)));
}

/** Writes the weights of a model to `checkpoint.json` and `checkpoint.bin`. */
export async function saveCheckpoint(folder: string, model: TinyGpt): Promise<void> {
  const bytes = await bytesOf(model);
  const weights = weightSpecs(model.config).map(([name, shape]) => ({ name, shape }));
  const header: Header = { config: model.config, weights, sha256: sha256(bytes) };
  writeWhole(join(folder, 'checkpoint.bin'), bytes);
  writeWhole(join(folder, 'checkpoint.json'), `${JSON.stringify(header, null, 2)}\n`);
}

/** A model with the weights of a checkpoint. */
export function loadCheckpoint(folder: string): TinyGpt {
  const header = JSON.parse(readFileSync(join(folder, 'checkpoint.json'), 'utf8')) as Header;
  const bytes = readFileSync(join(folder, 'checkpoint.bin'));
  if (sha256(bytes) !== header.sha256) throw new Error(`${folder}: checkpoint.bin is not the file that checkpoint.json describes`);
  // A copy of its own: a Buffer may start anywhere in memory, a Float32Array only at multiples of 4.
  const values = new Float32Array(new Uint8Array(bytes).buffer);
  let end = 0;
  const variables = header.weights.map(({ shape }) => {
    const start = end;
    end += tf.util.sizeFromShape([...shape]);
    return tf.tidy(() => tf.variable(tf.tensor(values.slice(start, end), [...shape])));
  });
  return new TinyGpt(header.config, variables);
}
