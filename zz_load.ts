import * as tf from '@tensorflow/tfjs';
import { readFileSync, writeFileSync } from 'node:fs';
import { AdamW, loadCheckpoint, saveCheckpoint } from './src/index.js';
import { readSafetensors } from './src/tfjs/training/safetensors.js';
import { readCheckpoint } from './src/tfjs/training/checkpointFile.js';
import { contentHash } from './src/tfjs/training/contentHash.js';
const old = await import('/tmp/w/T-scratch/main/src/index.js');
await tf.setBackend('cpu');
const policy = Array.from({ length: 40 }, (_, i) => tf.variable(tf.randomNormal([400_000], 0, 1, 'float32', i)));
const optimizer = new AdamW();
optimizer.applyGradients(Object.fromEntries(policy.map((w) => [w.name, tf.ones(w.shape)])));
const f = '/tmp/w/T-scratch/load.safetensors';
const f1 = '/tmp/w/T-scratch/load1.safetensors';
writeFileSync(f, await saveCheckpoint({ policy, optimizer }, { step: 1 }));
writeFileSync(f1, await old.saveCheckpoint({ policy, optimizer }, { step: 1 }));
console.log('bytes', readFileSync(f).length);
const best: Record<string, number> = {};
const time = async (n: string, g: () => unknown) => { const t = performance.now(); await g(); best[n] = Math.min(best[n] ?? 1e9, performance.now() - t); };
for (let i = 0; i < 12; i++) {
  await time('read file', () => readFileSync(f));
  const bytes = readFileSync(f);
  await time('readSafetensors', () => readSafetensors(bytes));
  await time('readCheckpoint', () => readCheckpoint(bytes));
  const { tensors } = readSafetensors(bytes);
  await time('hash', () => contentHash([...tensors.values()].map(({ values }) => new Uint8Array(values.buffer))));
  await time('read + load', () => loadCheckpoint(readFileSync(f), { policy, optimizer }));
  await time('main: read + load', () => old.loadCheckpoint(readFileSync(f1), { policy, optimizer }));
}
console.log(best);
