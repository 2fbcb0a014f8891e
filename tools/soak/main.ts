// Trains 20,000 steps and saves and loads 200 checkpoints on each engine, kills training runs at 100 random moments and one of two workers at
// 10, and writes what happened to tools/docs/soak.json and docs/stability.md: `npm run soak`. It fails if anything was lost or grew.
import * as tf from '@tensorflow/tfjs';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { openHosts, whyNoHosts } from '../../test/support/hosts.js';
import { installedMpi } from '../../test/support/installedMpi.js';
import { hasTfjsNode, loadTfjsNode } from '../tfjs-node.js';
import { checkpointCycles } from './checkpointCycles.js';
import { demo } from './demo.js';
import { kills } from './kills.js';
import { longTraining } from './longTraining.js';
import { twoWorkers } from './twoWorkers.js';
import { problems, SOAK, withSoak, type Soak } from '../docs/soakPage.js';

const [STEPS, CYCLES, KILLS, KILLED_WORKERS, SEED] = [20_000, 200, 100, 10, 19];

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
const killed = await kills(demo, KILLS, SEED);
console.log(`Killing a worker of ${KILLED_WORKERS} jobs`);
const noHosts = whyNoHosts();
if (noHosts !== undefined) throw new Error(noHosts);
const mpi = installedMpi();
if ('skipped' in mpi) throw new Error(mpi.skipped);
const host = await openHosts(1);
const workers = await kills(twoWorkers(host, mpi), KILLED_WORKERS, SEED);
host.close();
const machine = `${cpus()[0]!.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
const soak: Soak = { machine, node: process.version, tfjs: tf.version_core, trainings, checkpoints, kills: killed, workers };
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
