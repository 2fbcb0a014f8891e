import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { bradleyTerry, dpo, ipo, kto } from '../../src/index.js';
import { ints, tensor } from '../support/engine.js';
import { engine } from '../support/engine.js';
import { pair, pairLogps } from '../support/samples.js';

/** The kernels that ran, without those that only relabel a buffer. */
async function kernelsOf(f: () => unknown): Promise<string[]> {
  const { kernels } = await tf.profile(() => tf.tidy(f as () => tf.Tensor) as never);
  const known = new Set(tf.getKernelsForBackend('cpu').map((k) => k.kernelName));
  return kernels.map((k) => k.name).filter((name) => known.has(name) && !['Identity', 'Reshape', 'Cast'].includes(name));
}

// Counted on one backend: the losses are the same everywhere.
describe.runIf(engine === 'cpu')('a loss on [B] costs no more operations than its formula', () => {
  it('dpo: three differences, beta, minus, softplus', async () => {
    expect(await kernelsOf(() => dpo(pairLogps()))).toEqual(['Sub', 'Sub', 'Sub', 'Multiply', 'Neg', 'Softplus']);
  });

  it('ipo: three differences, the target, the square', async () => {
    expect(await kernelsOf(() => ipo(pairLogps()))).toEqual(['Sub', 'Sub', 'Sub', 'Sub', 'Multiply']);
  });

  it('bradleyTerry: the difference, minus, softplus', async () => {
    expect(await kernelsOf(() => bradleyTerry(pair({ chosen: [1], rejected: [0] })))).toEqual(['Sub', 'Neg', 'Softplus']);
  });

  it('kto: two differences, beta, the sign of the label, sigmoid', async () => {
    const batch = { policy: tensor([1, 2]), reference: tensor([0, 1]), desirable: ints([1, 0]), kl: 0 };
    expect(await kernelsOf(() => kto(batch))).toEqual(['Multiply', 'Sub', 'Sub', 'Sub', 'Multiply', 'Multiply', 'Sigmoid']);
  });
});
