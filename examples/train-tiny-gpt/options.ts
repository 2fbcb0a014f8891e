import { BACKENDS, type BackendName } from '../shared/backend.js';
import { choice, integer, positive, readArguments } from '../shared/commandLine.js';
import { UsageError } from '../shared/usageError.js';
import { LOSSES, type LossName } from './objectives.js';

/** Options of the command line. */
export interface Options {
  readonly loss: LossName;
  readonly backend: BackendName;
  readonly seed: number;
  readonly sftEpochs: number;
  /** Epochs of preference training. */
  readonly epochs: number;
  /** Number of updates of preference training, instead of `epochs`. */
  readonly steps: number | undefined;
  readonly batchSize: number;
  readonly lr: number;
  readonly beta: number;
  readonly out: string | undefined;
}

export const HELP = `Fine-tunes a tiny GPT on preference pairs.

  npx tsx examples/train-tiny-gpt/main.ts [options]

  --loss        ${LOSSES.join(', ')}; default dpo
  --backend     ${BACKENDS.join(', ')}; default wasm
  --seed        seed of the initial weights, the split and the order of the pairs; default 0
  --sft-epochs  epochs of supervised fine-tuning on the chosen answers; default 16
  --epochs      epochs of preference training; default 10
  --steps       updates of preference training, instead of --epochs
  --batch-size  pairs per update; default 8
  --lr          learning rate of preference training; default 0.0001
  --beta        strength of the KL penalty, for ORPO weight of the odds term; default 0.1, ipo 0.5, orpo 1
  --out         folder for the results; default examples/train-tiny-gpt/out/<loss>
  --help        show this text`;

/**
 * Default beta of each loss. IPO's target margin is 1 / (2 beta) nats per token; with beta 0.1 it would be 5, which would ruin the model.
 * For ORPO, 1 makes the effect of the odds term visible within a minute; the paper uses 0.1.
 */
const BETA: Readonly<Record<LossName, number>> = { dpo: 0.1, ipo: 0.5, kto: 0.1, orpo: 1 };

const NAMES = ['loss', 'backend', 'seed', 'sft-epochs', 'epochs', 'steps', 'batch-size', 'lr', 'beta', 'out'] as const;

/** Reads the command line. Returns undefined if it contains `--help`. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const given = readArguments(args, NAMES)?.texts;
  if (!given) return undefined;
  if (given.steps !== undefined && given.epochs !== undefined) {
    throw new UsageError('--steps and --epochs were both given, expected one of them');
  }
  const loss = choice(given, 'loss', LOSSES, 'dpo');
  return {
    loss,
    backend: choice(given, 'backend', BACKENDS, 'wasm'),
    seed: integer(given, 'seed', 0) ?? 0,
    sftEpochs: integer(given, 'sft-epochs', 0) ?? 16,
    epochs: integer(given, 'epochs', 1) ?? 10,
    steps: integer(given, 'steps', 1),
    batchSize: integer(given, 'batch-size', 1) ?? 8,
    lr: positive(given, 'lr') ?? 1e-4,
    beta: positive(given, 'beta') ?? BETA[loss],
    out: given.out,
  };
}
