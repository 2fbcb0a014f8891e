import { BACKENDS, type BackendName } from '../shared/backend.js';
import { choice, helpOf, integer, positive, readArguments, type CommandLine } from '../shared/commandLine.js';
import { defaultOf, TASKS, type TaskName } from '../train-tiny-gpt/tasks.js';
import { OBJECTIVES, type LossName } from './objectives.js';

/** Options of the command line. */
export interface Options {
  /** Number of workers; undefined if whatever number was started is right. */
  readonly workers: number | undefined;
  readonly data: TaskName;
  readonly loss: LossName;
  readonly backend: BackendName;
  readonly seed: number;
  /** Number of pairs of a batch, of all workers together; undefined for that of the task. */
  readonly batchSize: number | undefined;
  readonly sftSteps: number;
  readonly steps: number;
  /** Peak learning rate of preference training; undefined for that of the task. */
  readonly rate: number | undefined;
  readonly resume: boolean;
  readonly out: string | undefined;
}

type Name = 'workers' | 'data' | 'loss' | 'backend' | 'seed' | 'batch-size' | 'sft-steps' | 'steps' | 'lr' | 'out';
const LOSSES = Object.keys(OBJECTIVES) as LossName[];
const DATA = Object.keys(TASKS) as TaskName[];

const COMMAND_LINE: CommandLine<Name, 'resume'> = {
  about: `Fine-tunes a tiny GPT on preference pairs, on several processes as on one.

  npm run data-parallel -- [options]
  mpirun -n 2 node --import tsx examples/data-parallel/main.ts [options]`,
  options: {
    workers: 'number of workers; default 2 with npm run, otherwise as many as were started',
    data: `${DATA.join(', ')}; default ordering`,
    loss: `${LOSSES.join(', ')}; default dpo`,
    backend: `${BACKENDS.join(', ')}; default wasm`,
    seed: 'seed of the initial weights, the split and the order of the pairs; default 0',
    'batch-size': `pairs per update, of all workers together; ${defaultOf((task) => task.batchSize)}`,
    'sft-steps': 'updates of supervised fine-tuning; default 200',
    steps: 'updates of preference training; default 100',
    lr: `peak learning rate of preference training; ${defaultOf((task) => task.rate)}`,
    out: 'folder for the results; default examples/data-parallel/out/<data>/<loss>',
  },
  flags: { resume: 'continue from the checkpoint in --out, or start if there is none' },
};

export const HELP = helpOf(COMMAND_LINE);

/** Reads the command line. Returns undefined if it contains `--help`. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const read = readArguments(args, COMMAND_LINE);
  if (!read) return undefined;
  const given = read.texts;
  return {
    workers: integer(given, 'workers', 1),
    data: choice(given, 'data', DATA, 'ordering'),
    loss: choice(given, 'loss', LOSSES, 'dpo'),
    backend: choice(given, 'backend', BACKENDS, 'wasm'),
    seed: integer(given, 'seed', 0) ?? 0,
    batchSize: integer(given, 'batch-size', 1),
    sftSteps: integer(given, 'sft-steps', 0) ?? 200,
    steps: integer(given, 'steps', 1) ?? 100,
    rate: positive(given, 'lr'),
    resume: read.flags.has('resume'),
    out: given.out,
  };
}
