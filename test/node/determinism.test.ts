import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import * as prefloss from '../../src/index.js';
import { bitsOfTraining } from '../../tools/soak/tinyTraining.mjs';
import { hasTfjsNode, loadTfjsNode } from '../../tools/tfjs-node.js';

// The promise of docs/stability.md; tools/check-package.mjs tests that the ESM and the CommonJS build give the same bits.
const STEPS = 30;
const WORKER = new URL('../support/bitsInWorker.ts', import.meta.url).href;

async function start(backend: string): Promise<void> {
  if (backend === 'tensorflow') await loadTfjsNode();
  await tf.setBackend(backend);
}

/** The bits of the training in a worker thread. */
async function bitsInWorker(backend: string): Promise<string> {
  // A worker can load TypeScript only once tsx is registered in it.
  const code = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(WORKER)}); });`;
  const worker = new Worker(code, { eval: true, workerData: { backend, steps: STEPS } });
  const [bits] = (await once(worker, 'message')) as [string];
  return bits;
}

const backends = ['cpu', 'wasm', ...(hasTfjsNode() ? ['tensorflow'] : [])];

describe.each(backends)('losses, gradients and weights of a training on %s', (backend) => {
  it('are the same bits in two runs', async () => {
    await start(backend);
    const bits = bitsOfTraining(tf, prefloss, STEPS);
    expect(bitsOfTraining(tf, prefloss, STEPS)).toBe(bits);
    expect(bitsOfTraining(tf, prefloss, STEPS - 1)).not.toBe(bits);
  });

  // The addon of tfjs-node can be loaded by one thread only.
  it.skipIf(backend === 'tensorflow')('are the same bits in worker threads', async () => {
    await start(backend);
    const bits = bitsOfTraining(tf, prefloss, STEPS);
    expect(await Promise.all([bitsInWorker(backend), bitsInWorker(backend)])).toEqual([bits, bits]);
  });
});

it('losses on plain arrays are the same bits in two runs', () => {
  const logps = (seed: number): number[] => Array.from({ length: 200 }, (_, i) => -10 * Math.abs(Math.sin(seed + i)));
  const pair = (seed: number) => ({ chosen: logps(seed), rejected: logps(seed + 0.5) });
  expect(prefloss.dpo({ policy: pair(1), reference: pair(2) })).toEqual(prefloss.dpo({ policy: pair(1), reference: pair(2) }));
});
