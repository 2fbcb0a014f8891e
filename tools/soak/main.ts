// Trains 20,000 steps and saves and loads 200 checkpoints on each engine, kills training runs at 100 random moments, and writes what
// happened to tools/docs/soak.json and docs/stability.md: `npm run soak`. It fails if anything was lost or grew.
import * as tf from '@tensorflow/tfjs';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { hasTfjsNode, loadTfjsNode } from '../tfjs-node.js';
import { checkpointCycles } from './checkpointCycles.js';
import { kills } from './kills.js';
import { longTraining } from './longTraining.js';
import { problems, SOAK, withSoak, type Soak } from '../docs/soakPage.js';

const [STEPS, CYCLES, KILLS, SEED] = [20_000, 200, 100, 19];

const engines: readonly (readonly [engine: string, backend: string])[] = [
  ['cpu', 'cpu'],
  ...(hasTfjsNode() ? [['tfjs-node', 'tensorflow'] as const] : []),
];

process.env.TF_CPP_MIN_LOG_LEVEL = '2'; // hides messages about the processor
const trainings: Soak['trainings'][number][] = [];
const checkpoints: Soak['checkpoints'][number][] = [];
for (const [engine, backend] of engines) {
  if (backend === 'tensorflow') await loadTfjsNode();
  await tf.setBackend(backend);
  trainings.push(longTraining(engine, STEPS));
  console.log(trainings.at(-1));
  checkpoints.push(await checkpointCycles(engine, CYCLES));
  console.log(checkpoints.at(-1));
}
console.log(`Killing ${KILLS} runs`);
const killed = await kills(KILLS, SEED);
const machine = `${cpus()[0]!.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
const soak: Soak = { machine, node: process.version, tfjs: tf.version_core, trainings, checkpoints, kills: killed };
const found = problems(soak);
if (found.length > 0) {
  console.error(`FAILED\n${found.join('\n')}`);
  process.exitCode = 1;
} else {
  const root = new URL('../../', import.meta.url);
  writeFileSync(new URL(SOAK, root), `${JSON.stringify(soak, (_, value: unknown) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value), 1)}\n`); // prettier-ignore
  writeFileSync(new URL('docs/stability.md', root), withSoak());
  console.log(`Written to ${SOAK} and docs/stability.md`);
}
