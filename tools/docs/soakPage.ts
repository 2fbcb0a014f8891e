import { readFileSync } from 'node:fs';
import { table, withPart } from '../markdown.js';
import type { CheckpointFigures } from '../soak/checkpointCycles.js';
import type { Kills } from '../soak/kills.js';
import type { TrainingFigures } from '../soak/longTraining.js';

/** The file that `npm run soak` writes. */
export const SOAK = 'tools/docs/soak.json';

/** What `npm run soak` found. */
export interface Soak {
  readonly machine: string;
  readonly node: string;
  readonly tfjs: string;
  readonly trainings: readonly TrainingFigures[];
  readonly checkpoints: readonly CheckpointFigures[];
  readonly kills: Kills;
  /** Kills of one of two workers of examples/data-parallel. */
  readonly workers: Kills;
}

/** Growth of the heap during nine tenths of a training that is not the library's, in MiB: the list of losses, and compiled code. */
const GROWTH = 4;

/** What was lost or grew; nothing else may be published. */
export const problems = ({ trainings, checkpoints }: Soak): string[] => [
  ...trainings.flatMap(({ engine, notFinite, memory: [early, late] }) => [
    ...(notFinite > 0 ? [`${engine}: ${notFinite} losses are not finite`] : []),
    ...(late.tensors !== early.tensors ? [`${engine}: ${early.tensors} tensors became ${late.tensors}`] : []),
    ...(late.bytes !== early.bytes ? [`${engine}: ${early.bytes} bytes of tensors became ${late.bytes}`] : []),
    ...(late.heap - early.heap > GROWTH ? [`${engine}: the heap grew from ${early.heap} to ${late.heap} MiB`] : []),
  ]),
  ...checkpoints.flatMap(({ engine, different, tensors: [first, last] }) => [
    ...(different > 0 ? [`${engine}: ${different} checkpoints came back with other bits`] : []),
    ...(last !== first ? [`${engine}: ${first} tensors became ${last} over all checkpoints`] : []),
  ]),
];

const ROOT = new URL('../../', import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');
const counted = (n: number): string => n.toLocaleString('en-US');

function part({ machine, node, tfjs, trainings, checkpoints, kills, workers }: Soak): string {
  const rows = trainings.map(({ engine, steps, notFinite, losses: [first, last], memory: [early, late] }) => [
    engine,
    counted(steps),
    String(notFinite),
    `${first.toFixed(4)}, ${last.toFixed(4)}`,
    `${early.tensors}, ${late.tensors}`,
    `${early.heap.toFixed(1)}, ${late.heap.toFixed(1)}`,
    `${early.resident.toFixed(0)}, ${late.resident.toFixed(0)}`,
  ]);
  const head = [
    'engine',
    'steps',
    'losses that are not finite',
    'mean of the first and last 100 losses',
    'tensors',
    'heap, MiB',
    'resident, MiB',
  ];
  const cycles = checkpoints.map(({ engine, cycles: count, bytes, different, tensors: [first, last] }) => [
    engine,
    counted(count),
    counted(bytes),
    String(different),
    `${first}, ${last}`,
  ]);
  const cyclesHead = ['engine', 'checkpoints', 'bytes each', 'with a bit that differs', 'tensors after the first and the last'];
  const right = (names: readonly string[]) => names.map((_, i) => (i === 0 ? '---' : '--:'));
  return `
On ${machine}, with Node.js ${node.replace('v', '')} and TensorFlow.js ${tfjs}. Memory is that after a tenth of the steps, and at the end, after garbage collection.

${table([head, right(head), ...rows])}

${table([cyclesHead, right(cyclesHead), ...cycles])}

The demo was killed at ${kills.kills} random moments, ${kills.whileWriting} of them while it wrote a file, and resumed each time. All ${kills.loaded} checkpoints that were
there after a kill loaded. The files of every run that was completed (${kills.completed}) are the same, to the last byte, as those of a run that was never killed.

In the [example on several processes](../examples/data-parallel/README.md), one of two workers was killed at ${workers.kills} random moments, and the job resumed each
time. It took at most ${workers.longestEnd.toFixed(2)} s until the other worker and \`mpirun\` had ended, too. All ${workers.loaded} checkpoints loaded, and the files are the same as
without kills.
`;
}

/** The text of docs/stability.md with the figures in tools/docs/soak.json. */
export const withSoak = (): string => withPart(text('docs/stability.md'), 'npm run soak writes this', part(JSON.parse(text(SOAK)) as Soak));
