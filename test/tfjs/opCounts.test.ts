import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { bradleyTerry, dpo, ipo, kto, type LossName } from '../../src/index.js';
import { callOf } from '../support/calls.js';
import { engine, ints, tensor, type X } from '../support/engine.js';
import { fileOf } from '../support/goldens.js';
import { pair, pairLogps } from '../support/samples.js';

/** The kernels that ran, without those that only relabel a buffer. */
async function kernelsOf(f: () => unknown): Promise<string[]> {
  const { kernels } = await tf.profile(() => tf.tidy(f as () => tf.Tensor) as never);
  const known = new Set(tf.getKernelsForBackend('cpu').map((k) => k.kernelName));
  return kernels.map((k) => k.name).filter((name) => known.has(name) && !['Identity', 'Reshape', 'Cast'].includes(name));
}

/**
 * Kernels forward, with the options of the first golden record: a formula's operations, and what `where` (3), `relu` (3),
 * `logSumExp` (12) and `sort` (6) are made of.
 */
const COUNTS: Record<LossName, number> = {
  dpo: 6,
  robustDpo: 8,
  ipo: 5,
  hinge: 8,
  exoPair: 14,
  ncaPair: 11,
  bcoPair: 9,
  sppo: 7,
  apoZero: 8,
  apoDown: 8,
  discopop: 13,
  aot: 18,
  aotUnpaired: 18,
  dpop: 12,
  fDpo: 14,
  calDpo: 12,
  rDpo: 9,
  tdpo1: 8,
  tdpo2: 9,
  cpo: 4,
  simpo: 5,
  alphaPo: 13,
  orpo: 20,
  slic: 7,
  simper: 8,
  tpo: 6,
  kto: 7,
  apoZeroUnpaired: 6,
  bco: 11,
  plackettLuce: 24,
  softmaxDpo: 18,
  exo: 33,
  infoNca: 33,
  nca: 24,
  lipo: 27,
  pro: 29,
  rrhf: 9,
  bradleyTerry: 3,
};

// Counted on one backend: the losses are the same everywhere.
describe.runIf(engine === 'cpu')('a loss on [B] costs no more operations than its formula', () => {
  it('dpo: three differences, beta, minus, softplus', async () => {
    expect(await kernelsOf(() => dpo(pairLogps()))).toEqual(['Sub', 'Sub', 'Sub', 'Multiply', 'Neg', 'Softplus']);
  });

  it('ipo: three differences, the target, the square', async () => {
    expect(await kernelsOf(() => ipo(pairLogps()))).toEqual(['Sub', 'Sub', 'Sub', 'Sub', 'Square']);
  });

  it('bradleyTerry: the difference, minus, softplus', async () => {
    expect(await kernelsOf(() => bradleyTerry(pair({ chosen: [1], rejected: [0] })))).toEqual(['Sub', 'Neg', 'Softplus']);
  });

  it('kto: two differences, beta, the sign of the label, sigmoid', async () => {
    const batch = { policy: tensor([1, 2]), reference: tensor([0, 1]), desirable: ints([1, 0]), kl: 0 };
    expect(await kernelsOf(() => kto(batch))).toEqual(['Sub', 'Sub', 'Multiply', 'Multiply', 'Sub', 'Multiply', 'PreflossSigmoid']);
  });

  it.each(Object.entries(COUNTS))('%s: %i', async (name, count) => {
    const { inputs, records } = fileOf(name);
    const input = Object.keys(inputs).find((key) => key.startsWith('A_B5'))!;
    const asTensors = (record: Readonly<Record<string, unknown>>): Record<string, X> =>
      Object.fromEntries(Object.entries(record).map(([key, x]) => [key, Array.isArray(x) ? tensor(x) : x]));
    const [fields, options] = [asTensors(inputs[input]!), asTensors(records.find((record) => record.input === input)!.options)];
    expect(await kernelsOf(() => callOf(name as LossName)(fields, options))).toHaveLength(count);
  });
});
