import * as tf from '@tensorflow/tfjs';
import { ops, readMetrics, stopGradient } from 'prefloss';
import type { Workers } from './workers/workers.js';

/** The scalars of a record, such as the statistics of a part of a batch, added up over all workers, as plain numbers; disposes them. */
export async function sumOver<Name extends string>(
  workers: Workers,
  part: Readonly<Record<Name, tf.Scalar | number>>,
): Promise<Record<Name, number>> {
  const own = await readMetrics(part);
  tf.dispose(part);
  const total = Float64Array.from(Object.values(own));
  await workers.sum(total);
  return Object.fromEntries(Object.keys(own).map((name, i) => [name, total[i]])) as Record<Name, number>;
}

/**
 * Adds up the gradients of all workers, and their parts of the loss, in one exchange. Disposes the gradients.
 *
 * @param grads - Gradients by name; a variable without one, as in a worker without rows, counts as 0.
 */
export async function sumGradients(
  workers: Workers,
  { loss, grads }: { readonly loss: tf.Scalar; readonly grads: tf.NamedTensorMap },
  variables: readonly tf.Variable[],
): Promise<{ readonly loss: number; readonly grads: Record<string, tf.Tensor> }> {
  const flat = new Float32Array(variables.reduce((n, { size }) => n + size, 1));
  const starts = variables.map((_, i) => variables.slice(0, i).reduce((n, { size }) => n + size, 0));
  const parts = await Promise.all([...variables.map(({ name }) => grads[name]?.data()), loss.data()]);
  for (const [i, part] of parts.entries()) if (part) flat.set(part, starts[i] ?? flat.length - 1);
  tf.dispose([loss, grads]);
  await workers.sum(flat);
  const total = variables.map(({ name, shape, size }, i) => [name, tf.tensor(flat.slice(starts[i], starts[i]! + size), shape)] as const);
  return { loss: flat.at(-1)!, grads: Object.fromEntries(total) };
}

/** The values `[B]` of all workers, by rank: for losses that need the other rows of the batch themselves. Disposes the tensor. */
export async function gatherRows(workers: Workers, own: tf.Tensor1D): Promise<readonly Float32Array[]> {
  const values = Float32Array.from(await own.data());
  own.dispose();
  const bytes = await workers.gather(new Uint8Array(values.buffer));
  return bytes.map((part) => new Float32Array(Uint8Array.from(part).buffer));
}

/** The rows of all workers in one vector: this worker's own with their gradient, those of the others as constants. */
export function amongAll(workers: Workers, all: readonly Float32Array[], own: tf.Tensor1D): tf.Tensor1D {
  const withRows = [...all.entries()].filter(([, { length }]) => length > 0);
  return ops.concat(withRows.map(([worker, values]) => (worker === workers.rank ? own : tf.tensor1d(values))));
}

/**
 * This worker's part of a loss that every worker has whole: the gradients of the parts are those of the workers' own rows, which add up by
 * themselves, and the values are shares that add up to the whole.
 */
export const shareOf = (whole: tf.Scalar, share: number): tf.Scalar => ops.sub(whole, ops.mul(stopGradient(whole), 1 - share));

/** A JSON value of every worker, by rank. */
export async function gatherJson<Value>(workers: Workers, value: Value): Promise<readonly Value[]> {
  const all = await workers.gather(new TextEncoder().encode(JSON.stringify(value)));
  return all.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Value);
}

/** Bytes of worker 0 for all workers. */
export const fromFirst = async (workers: Workers, bytes: Uint8Array): Promise<Uint8Array> =>
  (await workers.gather(workers.rank === 0 ? bytes : new Uint8Array()))[0]!;
