import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import type { LossName } from '../../src/index.js';
import { callOf } from './calls.js';
import { engine, tensor, type X } from './engine.js';
import type { GoldenFile } from './goldens.js';

const files = import.meta.glob<GoldenFile>('../goldens/*.json', { import: 'default' });

/** Names of the kernels that `f` runs, without those that only relabel a buffer. */
export async function kernelsOf(f: () => unknown): Promise<string[]> {
  const { kernels } = await tf.profile(() => tf.tidy(f as () => tf.Tensor) as never);
  const known = new Set(tf.getKernelsForBackend('cpu').map((k) => k.kernelName));
  return kernels.map((k) => k.name).filter((name) => known.has(name) && !['Identity', 'Reshape', 'Cast'].includes(name));
}

/**
 * Tests the number of kernels that the forward pass of a loss runs, with the options of the first golden record, so that a loss costs no
 * more than the operations of its formula. `where` counts as 3 kernels, `relu` as 3, `logSumExp` as 12, `logSoftmax` as 6 and `sort` as 6.
 */
export function itCosts(name: LossName, count: number): void {
  // On one backend only, because the losses run the same operations on every backend.
  it.runIf(engine === 'cpu')(`costs ${count} kernels`, async () => {
    const { inputs, records } = await files[`../goldens/${name}.json`]!();
    const input = Object.keys(inputs).find((key) => key.startsWith('A_B5'))!;
    const asTensors = (record: Readonly<Record<string, unknown>>): Record<string, X> =>
      Object.fromEntries(Object.entries(record).map(([key, x]) => [key, Array.isArray(x) ? tensor(x) : x]));
    const [fields, options] = [asTensors(inputs[input]!), asTensors(records.find((record) => record.input === input)!.options)];
    const kernels = await kernelsOf(() => callOf(name)(fields, options));
    expect(kernels, `${name} runs ${kernels.length}: ${kernels.join(', ')}`).toHaveLength(count);
  });
}
