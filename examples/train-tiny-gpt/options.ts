import { BACKENDS, type BackendName } from '../shared/backend.js';
import { choice, helpOf, integer, positive, readArguments, type CommandLine } from '../shared/commandLine.js';
import { UsageError } from '../shared/usageError.js';
import { LOSSES, type LossName } from './objectives.js';
import type { Task } from './task.js';
import { defaultOf, TASKS, type TaskName } from './tasks.js';

/** Options of the command line. */
export interface Options {
  readonly data: TaskName;
  /** The task, with the settings of the command line. */
  readonly task: Task;
  readonly loss: LossName;
  readonly backend: BackendName;
  readonly seed: number;
  /** Number of updates of preference training, instead of its epochs. */
  readonly steps: number | undefined;
  /** Number of evaluations without a smaller held-out loss after which preference training stops. */
  readonly patience: number | undefined;
  readonly beta: number;
  readonly resume: boolean;
  readonly out: string | undefined;
}

type Name = 'data' | 'loss' | 'backend' | 'seed' | 'sft-epochs' | 'epochs' | 'steps' | 'patience' | 'batch-size' | 'lr' | 'beta' | 'out';
const DATA = Object.keys(TASKS) as TaskName[];

const COMMAND_LINE: CommandLine<Name, 'resume'> = {
  about: `Fine-tunes a tiny GPT on preference pairs.

  npx tsx examples/train-tiny-gpt/main.ts [options]`,
  options: {
    data: `${DATA.join(', ')}; default ordering`,
    loss: `${LOSSES.join(', ')}; default dpo`,
    backend: `${BACKENDS.join(', ')}; default wasm`,
    seed: 'seed of the initial weights, the split and the order of the pairs; default 0',
    'sft-epochs': `epochs of supervised fine-tuning; ${defaultOf((task) => task.sftEpochs)}`,
    epochs: `epochs of preference training; ${defaultOf((task) => task.epochs)}`,
    steps: 'updates of preference training, instead of --epochs',
    patience: 'evaluations without a smaller held-out loss after which preference training stops; default: it does not',
    'batch-size': `pairs per update; ${defaultOf((task) => task.batchSize)}`,
    lr: `peak learning rate of preference training; ${defaultOf((task) => task.rate)}`,
    beta: `strength of the KL penalty, for ORPO weight of the odds term; for DPO, ${defaultOf((task) => task.beta.dpo)}`,
    out: 'folder for the results; default examples/train-tiny-gpt/out/<data>/<loss>',
  },
  flags: {
    resume: 'continue from the checkpoints in --out, or start if there are none',
  },
};

export const HELP = helpOf(COMMAND_LINE);

/** Reads the command line. Returns undefined if it contains `--help`. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const read = readArguments(args, COMMAND_LINE);
  if (!read) return undefined;
  const given = read.texts;
  if (given.steps !== undefined && given.epochs !== undefined) {
    throw new UsageError('--steps and --epochs were both given, expected one of them');
  }
  const data = choice(given, 'data', DATA, 'ordering');
  const loss = choice(given, 'loss', LOSSES, 'dpo');
  const task = TASKS[data]();
  const sftEpochs = integer(given, 'sft-epochs', 0) ?? task.sftEpochs;
  const epochs = integer(given, 'epochs', 1) ?? task.epochs;
  const batchSize = integer(given, 'batch-size', 1) ?? task.batchSize;
  return {
    data,
    task: { ...task, sftEpochs, epochs, batchSize, rate: positive(given, 'lr') ?? task.rate },
    loss,
    backend: choice(given, 'backend', BACKENDS, 'wasm'),
    seed: integer(given, 'seed', 0) ?? 0,
    steps: integer(given, 'steps', 1),
    patience: integer(given, 'patience', 1),
    beta: positive(given, 'beta') ?? task.beta[loss],
    resume: read.flags.has('resume'),
    out: given.out,
  };
}
